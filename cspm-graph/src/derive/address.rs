//! Sets of internet addresses, IPv4 and IPv6 in one space.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use range_set_blaze::RangeSetBlaze;

/// A set of addresses. IPv4 lies where `::ffff:0:0/96` is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AddressSet(RangeSetBlaze<u128>);

/// How much of the public IPv4 space a rule has to admit to admit "the internet": a 256th of it.
///
/// An attacker on the internet has some address, not every one. A rule for an office range keeps such an
/// attacker out; one for half of the space does not. Rules that spell out the whole internet in pieces
/// (`0.0.0.0/1` and `128.0.0.0/1`) are common, and those for single providers' ranges are below this.
const INTERNET_SHARE: u128 = 256;

/// Ranges that are not routed on the internet (RFC 6890 and its registry, read 2026-11).
const NOT_PUBLIC: [&str; 14] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

fn key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn bounds(net: IpNet) -> (u128, u128) {
    (key(net.network()), key(net.broadcast()))
}

impl AddressSet {
    /// The addresses of a range such as `10.0.0.0/8`, or of one address. `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let net = IpNet::from_str(text)
            .or_else(|_| IpAddr::from_str(text).map(IpNet::from))
            .ok()?;
        let (first, last) = bounds(net);
        let set = RangeSetBlaze::from_iter([first..=last]);
        Some(Self(match net {
            IpNet::V4(_) => set,
            // `::/0` means every address of IPv6, not those of IPv4 that lie where we keep them.
            IpNet::V6(_) => {
                let (first, last) = (
                    key(Ipv4Addr::UNSPECIFIED.into()),
                    key(Ipv4Addr::BROADCAST.into()),
                );
                set - RangeSetBlaze::from_iter([first..=last])
            }
        }))
    }

    /// One address.
    pub(super) fn one(address: IpAddr) -> Self {
        let one = key(address);
        Self(RangeSetBlaze::from_iter([one..=one]))
    }

    /// Every public address of IPv4.
    pub(super) fn public_v4() -> Self {
        let all = RangeSetBlaze::from_iter([
            key(Ipv4Addr::UNSPECIFIED.into())..=key(Ipv4Addr::BROADCAST.into())
        ]);
        let mut set = Self(all);
        for net in NOT_PUBLIC {
            if let Some(part) = Self::parse(net) {
                set = set.minus(&part);
            }
        }
        set
    }

    /// Every global unicast address of IPv6, `2000::/3` (RFC 4291, section 2.4).
    pub(super) fn public_v6() -> Self {
        let first = Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0).to_bits();
        let last = Ipv6Addr::new(
            0x3fff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff, 0xffff,
        );
        Self(RangeSetBlaze::from_iter([first..=last.to_bits()]))
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self(&self.0 & &other.0)
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        Self(&self.0 | &other.0)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        Self(&self.0 - &other.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(key(address))
    }

    /// The first address that is in both sets.
    pub(super) fn first_of(&self, other: &Self) -> Option<IpAddr> {
        let first = *self.and(other).0.ranges().next()?.start();
        let address = Ipv6Addr::from_bits(first);
        Some(address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4))
    }

    fn size(&self) -> u128 {
        self.0.ranges().fold(0, |sum: u128, range| {
            sum.saturating_add(range.end().saturating_sub(*range.start()))
        })
    }

    /// Whether so much of `public` is in the set that an attacker on the internet has an address in it.
    pub(super) fn covers_internet(&self, public: &Self) -> bool {
        let share = public.size() / INTERNET_SHARE;
        self.and(public).size() >= share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(nets: &[&str]) -> bool {
        let set = nets
            .iter()
            .map(|net| AddressSet::parse(net).unwrap())
            .fold(AddressSet::default(), |all, net| all.or(&net));
        set.covers_internet(&AddressSet::public_v4())
    }

    #[test]
    fn the_internet_in_pieces_is_the_internet() {
        assert!(covers(&["0.0.0.0/0"]));
        assert!(covers(&["0.0.0.0/1", "128.0.0.0/1"]));
        assert!(covers(&["16.0.0.0/4"]));
    }

    #[test]
    fn an_office_or_a_private_range_is_not() {
        assert!(!covers(&["198.51.100.0/24"]));
        assert!(!covers(&[
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10"
        ]));
        assert!(!covers(&["52.0.0.0/11"]));
        assert!(!covers(&["::/0"]));
    }

    #[test]
    fn ipv6_is_apart_from_ipv4() {
        let all = AddressSet::parse("::/0").unwrap();
        assert!(all.covers_internet(&AddressSet::public_v6()));
        assert!(
            !AddressSet::parse("2001:db8::/32")
                .unwrap()
                .covers_internet(&AddressSet::public_v6())
        );
    }
}
