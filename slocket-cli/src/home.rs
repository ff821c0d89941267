//! What a lock is, as typed: `socket` or `file`.

use slocket_sync::Home;

/// Whether a lock can be a socket.
const HAS_SOCKETS: bool = cfg!(target_os = "linux");

/// Reads one of them.
pub(crate) fn parse(text: &str) -> Result<Home, &'static str> {
    match text {
        "socket" if !HAS_SOCKETS => Err("on this system each lock is a locked file: leave --home out"),
        "socket" => Ok(Home::Socket),
        "file" => Ok(Home::File),
        _ => Err("neither socket nor file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes() {
        assert_eq!(parse("socket"), Ok(Home::Socket));
        assert_eq!(parse("file"), Ok(Home::File));
        for text in ["", "File", "socket ", "flock"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
