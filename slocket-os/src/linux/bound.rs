//! Which file a Unix socket is bound to: the kernel tells by `sock_diag(7)`, of the sockets of this network namespace.

use std::os::fd::BorrowedFd;

use rustix::fs::fstat;
use rustix::io::{Errno, Result, retry_on_intr};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with};

// linux/netlink.h, linux/sock_diag.h, linux/unix_diag.h
const NLM_F_REQUEST: u16 = 1;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const UDIAG_SHOW_VFS: u32 = 2;
const UNIX_DIAG_VFS: u16 = 1;
const AF_UNIX: u8 = 1;
/// What stands before the attributes: `struct nlmsghdr`, `struct unix_diag_msg`.
const HEADERS: usize = 16 + 16;

/// The lower 32 bits of the number of the inode that a socket is bound to, which is as much as the kernel tells; `None` if it is
/// bound to none.
pub(crate) fn inode_of(socket: BorrowedFd<'_>) -> Result<Option<u32>> {
    let kernel = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG))?;
    // (Sockets are numbered in 32 bits.)
    let number = u32::try_from(fstat(socket)?.st_ino).map_err(|_| Errno::OVERFLOW)?;
    retry_on_intr(|| send(&kernel, &question(number), SendFlags::empty()))?;
    let mut answer = [0; 4096];
    let (_, length) = retry_on_intr(|| recv(&kernel, &mut answer[..], RecvFlags::empty()))?;
    let answer = answer.get(..length).ok_or(Errno::BADMSG)?;
    if u16_at(answer, 4) != Some(SOCK_DIAG_BY_FAMILY) || u32_at(answer, 16 + 4) != Some(number) {
        return Err(Errno::BADMSG);
    }
    Ok(file(answer.get(HEADERS..).unwrap_or_default()))
}

/// The lower 32 bits of an inode's number.
pub(crate) fn lower(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}

/// Asks about one socket: `struct nlmsghdr`, `struct unix_diag_req`.
fn question(number: u32) -> Vec<u8> {
    let mut question = Vec::with_capacity(40);
    question.extend(40_u32.to_ne_bytes());
    question.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    question.extend(NLM_F_REQUEST.to_ne_bytes());
    question.extend([0; 8]);
    question.extend([AF_UNIX, 0, 0, 0]);
    for field in [u32::MAX, number, UDIAG_SHOW_VFS, u32::MAX, u32::MAX] {
        question.extend(field.to_ne_bytes());
    }
    question
}

/// Finds the file among the attributes.
fn file(mut attributes: &[u8]) -> Option<u32> {
    loop {
        let length = usize::from(u16_at(attributes, 0)?);
        if u16_at(attributes, 2)? == UNIX_DIAG_VFS {
            return u32_at(attributes, 4);
        }
        attributes = attributes.get(length.max(4).next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(offset..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::net::{UnixDatagram, UnixListener};

    use super::*;

    #[test]
    fn the_file_of_a_socket_is_found_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("socket"), folder.path().join("other"));
        let socket = UnixListener::bind(&path).unwrap();
        std::fs::rename(&path, &other).unwrap();
        let number = std::fs::symlink_metadata(&other).unwrap().ino();
        assert_eq!(inode_of(socket.as_fd()), Ok(Some(number as u32)));
        assert_eq!(inode_of(UnixDatagram::unbound().unwrap().as_fd()), Ok(None));
        assert!(inode_of(std::fs::File::open(&folder).unwrap().as_fd()).is_err(), "no socket");
    }
}
