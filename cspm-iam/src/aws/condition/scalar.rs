//! Numbers, dates and address ranges as policies and requests write them.

use std::net::IpAddr;

use ipnet::IpNet;

/// A decimal number in units of 10⁻⁹: numbers and seconds compare exactly, without rounding.
pub(crate) type Nanos = i128;

const FRACTION_DIGITS: usize = 9;
const UNIT: Nanos = 1_000_000_000;

/// A decimal number. More than nine digits after the point are beyond what can be told apart, and refused.
pub(crate) fn number(text: &str) -> Option<Nanos> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > FRACTION_DIGITS {
        return None;
    }
    let whole: Nanos = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let fraction: Nanos = format!("{fraction:0<FRACTION_DIGITS$}").parse().ok()?;
    let magnitude = whole.checked_mul(UNIT)?.checked_add(fraction)?;
    Some(if negative { -magnitude } else { magnitude })
}

/// Writes what [`number`] reads.
pub(crate) fn number_text(value: Nanos) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let magnitude = value.unsigned_abs();
    let unit = UNIT.unsigned_abs();
    format!("{sign}{}.{:09}", magnitude / unit, magnitude % unit)
}

/// A date in seconds since 1970: ISO 8601 as the W3C profiles it, or seconds since 1970.
///
/// # Source
/// AWS IAM User Guide, "Date condition operators", read 2026-11; W3C NOTE-datetime.
pub(crate) fn date(text: &str) -> Option<Nanos> {
    let text = text.trim();
    // Four digits are a year: nobody means the first hours of 1970.
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_year && let Some(seconds) = number(text) {
        return Some(seconds);
    }
    let (day, time) = match text.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds = days_since_1970(year, month, day).checked_mul(86_400 * UNIT)?;
    match time {
        None => Some(seconds),
        Some(time) => seconds.checked_add(time_of_day(time)?),
    }
}

/// The time of day in UTC.
fn time_of_day(text: &str) -> Option<Nanos> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (text.get(..at)?, zone(text.get(at..)?)?),
        None => (text, 0),
    };
    let mut parts = clock.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let seconds = parts.next().map_or(Some(0), number)?;
    if parts.next().is_some() || hours > 24 || minutes > 59 || !(0..61 * UNIT).contains(&seconds) {
        return None;
    }
    Some((hours * 3_600 + minutes * 60) * UNIT + seconds - offset)
}

/// The offset of a time zone from UTC.
fn zone(text: &str) -> Option<Nanos> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = text.get(1..)?;
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None => (rest.get(..2)?, rest.get(2..)?),
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    Some(sign * (hours * 3_600 + minutes * 60) * UNIT)
}

fn digits(text: &str, count: usize) -> Option<Nanos> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in eras of 400 years from March on, so that the
/// leap day is the last of a year.
fn days_since_1970(year: Nanos, month: Nanos, day: Nanos) -> Nanos {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// An address range: CIDR, or a single address.
pub(crate) fn range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(number("10"), Some(10 * UNIT));
        assert_eq!(number("0.1"), Some(UNIT / 10));
        assert_eq!(number("-3.50"), Some(-35 * UNIT / 10));
        assert_eq!(number("+.5"), Some(UNIT / 2));
        for text in [
            "",
            ".",
            "1e3",
            "0x10",
            "1.2.3",
            "0.0000000001",
            &"9".repeat(60),
        ] {
            assert_eq!(number(text), None, "{text}");
        }
        for value in [0, 1, -1, 15 * UNIT / 10, -7 * UNIT] {
            assert_eq!(number(&number_text(value)), Some(value));
        }
    }

    #[test]
    fn dates_have_many_forms() {
        let expected = Some(1_582_934_400 * UNIT); // 2020-02-29T00:00:00Z
        for text in [
            "2020-02-29",
            "2020-02-29T00:00Z",
            "2020-02-29T00:00:00Z",
            "2020-02-29T00:00:00.000Z",
            "2020-02-29T02:00:00+02:00",
            "2020-02-28T19:00:00-0500",
            "1582934400",
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
        assert_eq!(date("1970"), Some(0));
        assert_eq!(date("1969-12"), Some(-31 * 86_400 * UNIT));
        for text in [
            "",
            "2020-13",
            "2020-02-32",
            "2020-02-29T25:00Z",
            "today",
            "2020-2-9",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_single_address_is_a_range() {
        assert_eq!(range("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        assert!(
            range("2001:db8::/32")
                .unwrap()
                .contains(&"2001:db8::1".parse::<IpAddr>().unwrap())
        );
        assert_eq!(range("10.0.0.0/33"), None);
    }
}
