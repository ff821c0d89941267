//! The first process of a pid namespace: only Linux has those.

use crate::interrupt::Watch;

pub(crate) fn mortal() -> Option<Watch> {
    None
}
