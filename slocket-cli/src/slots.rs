//! How many slots, as typed: `4`, or `cpus`.

use std::num::NonZeroU16;
use std::thread::available_parallelism;

/// As many as there are processors for this process.
const CPUS: &str = "cpus";

/// The variable in which the command has the number of its slot.
pub(crate) const VARIABLE: &str = "SLOCKET_SLOT";

/// The same, with the number. (Inside of another's slot the tool passes on the number of that, unless it has a slot of its own.)
pub(crate) fn variable(slot: Option<u16>) -> Option<(&'static str, String)> {
    slot.map(|slot| (VARIABLE, slot.to_string()))
}

/// Reads a number from 1 to 65535, or `cpus`.
pub(crate) fn parse(text: &str) -> Result<NonZeroU16, &'static str> {
    if text == CPUS {
        return cpus();
    }
    let is_number = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or("not a number of slots, 1 to 65535, nor cpus")
}

fn cpus() -> Result<NonZeroU16, &'static str> {
    let cpus = available_parallelism().map_err(|_| "this system does not tell how many processors there are")?;
    Ok(NonZeroU16::try_from(cpus).unwrap_or(NonZeroU16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (text, count) in [("1", 1), ("4", 4), ("007", 7), ("65535", 65535)] {
            assert_eq!(parse(text).map(NonZeroU16::get), Ok(count), "{text}");
        }
        let cpus = available_parallelism().expect("it tells").get();
        assert_eq!(parse("cpus").map(|count| usize::from(count.get())), Ok(cpus.min(65535)));
    }

    #[test]
    fn refused() {
        for text in
            ["", "0", "00", "-1", "+1", "65536", "4294967297", "1.5", "two", "0x2", " 1", "1 ", "CPUS", "cpu", "١"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
