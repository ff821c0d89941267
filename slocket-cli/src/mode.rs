//! Permissions, as typed: `0660`.

/// Whether files have a mode.
pub(crate) const EXISTS: bool = cfg!(unix);

/// Reads permissions in octal.
pub(crate) fn parse(typed: &str) -> Result<u32, String> {
    let octal = !typed.is_empty() && typed.bytes().all(|c| matches!(c, b'0'..=b'7'));
    match u32::from_str_radix(typed, 8) {
        Ok(mode) if octal && mode <= 0o777 => Ok(mode),
        _ => Err("not permissions in octal, 0 to 0777".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (typed, value) in [("0", 0), ("600", 0o600), ("0660", 0o660), ("0777", 0o777), ("00777", 0o777)] {
            assert_eq!(parse(typed), Ok(value), "{typed}");
        }
        for typed in ["", "-1", "+7", "8", "0o600", "1000", "01777", "rw", "0x1", "77777777777777777777"] {
            assert!(parse(typed).is_err(), "{typed}");
        }
    }
}
