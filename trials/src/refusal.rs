//! Players for which a system call is not made, but answered at once: seccomp(2).

use std::collections::BTreeMap;
use std::thread;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// A system call with some of its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// Which one, as in `SYS_read`.
    pub call: i64,
    /// Only if these arguments, counted from 0, have these values (32 bits of them).
    pub arguments: &'a [(u8, u64)],
    /// What it answers; 0 is "done", though nothing was.
    pub errno: u32,
}

impl Refusal<'_> {
    /// Starts something, a player say, for which it is in force, as for all that that starts.
    ///
    /// # Panics
    /// If the filter cannot be made.
    #[track_caller]
    pub fn around<T: Send>(self, start: impl FnOnce() -> T + Send) -> T {
        let program = self.program();
        // The filter is on this thread, and on what it starts.
        thread::scope(|scope| {
            let start = scope.spawn(|| {
                seccompiler::apply_filter(&program).expect("it may");
                start()
            });
            start.join().expect("no panic")
        })
    }

    fn program(self) -> BpfProgram {
        let is = |&(index, value): &(u8, u64)| {
            SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).expect("a condition")
        };
        let conditions: Vec<_> = self.arguments.iter().map(is).collect();
        let rules =
            if conditions.is_empty() { Vec::new() } else { vec![SeccompRule::new(conditions).expect("a rule")] };
        let arch: TargetArch = std::env::consts::ARCH.try_into().expect("a known processor");
        let answer = SeccompAction::Errno(self.errno);
        SeccompFilter::new(BTreeMap::from([(self.call, rules)]), SeccompAction::Allow, answer, arch)
            .and_then(BpfProgram::try_from)
            .expect("a filter")
    }
}
