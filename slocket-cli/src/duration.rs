//! How long to wait, as typed: `1.5`, `1.5s`, `200ms`, `2m`, `1h`.

use std::time::Duration;

/// Above this the caller wants "for ever", or has mistyped.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Reads a decimal number and an optional unit: `ms`, `s` (the default), `m` or `h`.
///
/// The arithmetic is exact: no value is rounded to another, save beyond the nanosecond, where it is cut off.
/// No sign, exponent, `inf` or `nan`, and nothing longer than 100 years.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let malformed = || Err("not a duration: a number and ms, s, m or h, such as 1.5, 200ms or 2m".to_owned());
    if text.is_empty() {
        return Err("the duration is empty".to_owned());
    }
    if let Some(rest) = text.strip_prefix('-') {
        return if rest.starts_with(|c: char| c.is_ascii_digit()) {
            Err("a duration cannot be negative".to_owned())
        } else {
            malformed()
        };
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit_nanos: u128 = match unit {
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return malformed(),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return malformed();
    }
    let nanos = digits(whole)
        .and_then(|whole| whole.checked_mul(unit_nanos))
        .and_then(|nanos| nanos.checked_add(part(fraction, unit_nanos)))
        .filter(|&nanos| nanos <= LONGEST.as_nanos());
    let Some(nanos) = nanos else {
        return Err("too long: at most 876000h (100 years); leave it out to wait forever".to_owned());
    };
    let second = 1_000_000_000;
    // Neither conversion can fail: the value is at most LONGEST.
    Ok(Duration::new((nanos / second) as u64, (nanos % second) as u32))
}

/// A string of digits, possibly empty, as a number; `None` on overflow.
fn digits(text: &str) -> Option<u128> {
    text.bytes().try_fold(0u128, |n, digit| n.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
}

/// The digits after the point, in nanoseconds.
fn part(fraction: &str, unit_nanos: u128) -> u128 {
    let mut nanos = 0;
    let mut scale = 1;
    // A digit beyond the twentieth is worth less than a nanosecond, whatever the unit.
    for digit in fraction.bytes().take(20) {
        scale *= 10;
        nanos += u128::from(digit - b'0') * unit_nanos * (100_000_000_000_000_000_000 / scale);
    }
    nanos / 100_000_000_000_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (text, nanos) in [
            ("0", 0),
            ("1", 1_000_000_000),
            ("1.5", 1_500_000_000),
            ("1.5s", 1_500_000_000),
            (".5", 500_000_000),
            ("5.", 5_000_000_000),
            ("007", 7_000_000_000),
            ("200ms", 200_000_000),
            ("0.5ms", 500_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("0.1h", 360_000_000_000),
            ("0.000000001", 1),
            ("0.0000000019", 1),
            ("0.00000000000000000000000000000000000000000000000001", 0),
            ("876000h", LONGEST.as_nanos()),
        ] {
            assert_eq!(parse(text).map(|d| d.as_nanos()), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn no_digit_of_a_fraction_is_lost() {
        assert_eq!(parse("0.999999999999999999999999s").map(|d| d.as_nanos()), Ok(999_999_999));
        assert_eq!(parse("0.99999999999999999999h").map(|d| d.as_nanos()), Ok(3_599_999_999_999));
    }

    #[test]
    fn refused_with_a_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("-1", "negative"),
            ("-0.5s", "negative"),
            ("-inf", "not a duration"),
            ("-", "not a duration"),
            ("+1", "not a duration"),
            ("1e400", "not a duration"),
            ("1e3", "not a duration"),
            ("nan", "not a duration"),
            ("NaN", "not a duration"),
            ("inf", "not a duration"),
            ("infinity", "not a duration"),
            (".", "not a duration"),
            ("s", "not a duration"),
            ("1.2.3", "not a duration"),
            ("1..", "not a duration"),
            ("1 s", "not a duration"),
            (" 1", "not a duration"),
            ("1d", "not a duration"),
            ("1S", "not a duration"),
            ("1sms", "not a duration"),
            ("0x10", "not a duration"),
            ("١", "not a duration"),
            ("876000.001h", "too long"),
            ("18446744073709551615", "too long"),
            ("18446744073709551616", "too long"),
            ("18446744073709551617ms", "too long"),
            ("340282366920938463463374607431768211456", "too long"),
            ("340282366920938463463374607431768211455h", "too long"),
        ] {
            let refused = parse(text).expect_err(text);
            assert!(refused.contains(reason), "{text}: {refused}");
        }
        assert!(parse(&"9".repeat(400)).expect_err("400 nines").contains("too long"));
    }
}
