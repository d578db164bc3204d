//! Planted attack paths, and decoys that are one fact away from being some.
//!
//! A decoy is built by the same code as the path of its shape, with one flaw; so each control that
//! an engine has to understand decides something. Everything planted has a network, names and stores
//! of its own; it shares accounts with everyday life, which has no grant and no route that leads
//! here. Ways that end in the control of an account have that account for themselves.

mod flaw;
mod shapes;
mod site;

use std::io;

use super::network::PublicAddresses;
use super::organization::Organization;
use super::output::Writer;
use super::rng::Rng;
use super::truth::{Decoy, PlantedPath, Truth};
use flaw::{Flaw, Shape};
use shapes::Built;
pub(super) use shapes::function_url_policy;
use site::Site;

/// Begins what belongs together in names, as any application's name would.
const APPLICATIONS: [&str; 12] = [
    "orders", "checkout", "portal", "reports", "intake", "billing", "gateway", "tracker", "studio",
    "desk", "atlas", "harbor",
];

/// Parts of the seed.
const PATHS: u64 = 10;
const DECOYS: u64 = 11;

/// How many of each are planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    paths: u64,
    decoys: u64,
}

impl Numbers {
    /// One path or decoy takes some eleven resources; twice that leaves half of a small estate to
    /// everyday life.
    const RESOURCES_EACH: u64 = 22;
    const PATHS_MAX: u64 = 200;

    /// For an estate of this size: one path of each shape and one more for every 5,000 resources; half
    /// as many decoys again, and every kind of decoy once where there is room.
    pub(super) fn for_size(resources: u64) -> Self {
        let room = resources / Self::RESOURCES_EACH;
        let shapes = Shape::ALL.len() as u64;
        let wanted = (shapes + resources / 5000).min(Self::PATHS_MAX);
        let paths = wanted.min(room.div_ceil(3)).max(1);
        let kinds = Shape::decoys().len() as u64;
        let decoys = (paths + paths / 2)
            .max(kinds)
            .min(room.saturating_sub(paths))
            .max(paths);
        Self { paths, decoys }
    }
}

/// Plants them, writing what they are made of.
pub(super) fn plant(
    out: &mut Writer<'_>,
    organization: &mut Organization,
    addresses: &mut PublicAddresses,
    numbers: Numbers,
    truth: &mut Truth,
) -> io::Result<()> {
    for (at, shape) in (0..numbers.paths).zip(Shape::ALL.into_iter().cycle()) {
        let rng = Rng::fork(truth.seed, PATHS, at);
        let built = build(out, organization, addresses, rng, shape, None)?;
        truth.paths.push(PlantedPath {
            id: format!("path-{:04}", at + 1),
            shape: shape.as_str(),
            entry: built.entry,
            hops: built.hops,
            crown_jewel: built.jewel,
        });
    }
    let decoys = Shape::decoys();
    for (at, &(shape, flaw)) in (0..numbers.decoys).zip(decoys.iter().cycle()) {
        let rng = Rng::fork(truth.seed, DECOYS, at);
        let built = build(out, organization, addresses, rng, shape, Some(flaw))?;
        truth.decoys.push(Decoy {
            id: format!("decoy-{:04}", at + 1),
            shape: shape.as_str(),
            blocked_by: flaw.blocked_by(),
            crown_jewel: built.jewel,
            why: flaw.why(),
        });
    }
    Ok(())
}

fn build(
    out: &mut Writer<'_>,
    organization: &mut Organization,
    addresses: &mut PublicAddresses,
    mut rng: Rng,
    shape: Shape,
    flaw: Option<Flaw>,
) -> io::Result<Built> {
    let name = format!("{}-{}", rng.word(&APPLICATIONS), rng.suffix());
    let mut site = Site {
        out,
        organization,
        addresses,
        rng,
        flaw,
        name,
    };
    match shape {
        Shape::DirectRead => site.direct_read(),
        Shape::RoleChain => site.role_chain(),
        Shape::SecretAndNetwork => site.secret_and_network(),
        Shape::FunctionUrl => site.function_url(),
        Shape::PublicBucket => site.public_bucket(),
        Shape::LoadBalancer => site.load_balancer(),
        Shape::Lateral => site.lateral(),
        Shape::UserCredential => site.user_credential(),
        Shape::PassRole => site.pass_role(),
        Shape::CrossAccountBucket => site.cross_account_bucket(),
        Shape::EncryptedBucket => site.encrypted_bucket(),
    }
}

/// How many shapes and how many kinds of decoys there are.
#[cfg(test)]
pub(super) fn kinds() -> (usize, usize) {
    (Shape::ALL.len(), Shape::decoys().len())
}
