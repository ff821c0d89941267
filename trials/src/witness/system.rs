//! What the witnesses need of the system: a clock that all processes share, and files that are read and written at a place.

use std::fs::File;
use std::io;

/// Now, in nanoseconds of `CLOCK_MONOTONIC`.
///
/// # Panics
/// Never: the clock is never negative.
#[cfg(target_os = "linux")]
#[must_use]
pub fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec).expect("not negative") * 1_000_000_000
        + u64::try_from(time.tv_nsec).expect("not negative")
}

/// Now, in nanoseconds since 1970. (No other clock of the standard library is the same in all processes. A clock that is set back
/// makes overlaps where there were none.)
///
/// # Panics
/// If the clock is not set.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock that is set");
    u64::try_from(since.as_nanos()).expect("a time in the years to come")
}

/// Reads from the beginning; how many bytes there were.
pub(super) fn read_at(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, bytes, 0);
    #[cfg(windows)]
    match std::os::windows::fs::FileExt::seek_read(file, bytes, 0) {
        // `ERROR_HANDLE_EOF`: an empty file.
        Err(error) if error.raw_os_error() == Some(38) => Ok(0),
        read => read,
    }
}

/// Writes at the beginning, in one piece.
pub(super) fn write_at(file: &File, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    let written = std::os::unix::fs::FileExt::write_at(file, bytes, 0)?;
    #[cfg(windows)]
    let written = std::os::windows::fs::FileExt::seek_write(file, bytes, 0)?;
    if written == bytes.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}
