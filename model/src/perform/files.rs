//! Calls about files.

use slocket_core::{
    CallResult, FileKind, Found, Links, Mode, ModeFit, Name as CoreName, NextNameResult, Owner, RenameResult, Role,
    StatResult, Times, TimesFound, TimesResult, UnlinkResult,
};

use crate::bug::Bug;
use crate::configuration::Configuration;
use crate::objects::{Kind, NAMES, Name, Number, Time};
use crate::perform::answer::{DONE, ERRNO, FAILED};
use crate::player::Player;
use crate::world::World;

impl World {
    pub(super) fn next_name(&mut self, process: usize) -> NextNameResult {
        let from = self.processes[process].listing.expect("it reads the folder");
        match (usize::from(from)..NAMES).find(|name| self.names[*name].is_some()) {
            Some(name) => {
                self.processes[process].listing = Some(name as Name + 1);
                NextNameResult::Temporary
            }
            None => {
                self.processes[process].listing = Some(0);
                NextNameResult::End
            }
        }
    }

    pub(super) fn unlink(&mut self, process: usize, configuration: &Configuration, name: CoreName) -> UnlinkResult {
        match self.named(process, name) {
            None => UnlinkResult::Missing,
            Some(inode) if !self.may_unlink(process, configuration, inode) => UnlinkResult::Denied(ERRNO),
            Some(_) => {
                self.set_name(process, name, None);
                UnlinkResult::Removed
            }
        }
    }

    /// rename, or link, without replacing.
    pub(super) fn rename(
        &mut self,
        process: usize,
        configuration: &Configuration,
        name: CoreName,
        moves: bool,
    ) -> RenameResult {
        match self.named(process, name) {
            None => RenameResult::Missing,
            Some(_) if self.path.is_some() && !configuration.has(Bug::RenameReplaces) => RenameResult::Exists,
            Some(inode) => {
                if moves {
                    self.set_name(process, name, None);
                }
                self.set_path(Some(inode));
                RenameResult::Renamed
            }
        }
    }

    /// chmod.
    pub(super) fn set_mode(
        &mut self,
        process: usize,
        configuration: &Configuration,
        role: Role,
        mode: Mode,
    ) -> CallResult {
        let is_ours = |inode: &Number| self.inode(*inode).foreign == configuration.is_foreign(process);
        let Some(number) = self.held_fast(process, role).filter(is_ours).filter(|_| configuration.has_proc) else {
            return FAILED;
        };
        let sticky = match mode {
            Mode::AsAsked | Mode::Sticky => true,
            Mode::NotSticky => false,
            Mode::OwnerWrites | Mode::OfFifo => self.inode(number).sticky,
        };
        let inode = self.inode_mut(number);
        inode.locked &= !matches!(mode, Mode::AsAsked | Mode::OwnerWrites | Mode::OfFifo);
        inode.spoiled &= !matches!(mode, Mode::AsAsked | Mode::OfFifo);
        self.chmod(number, sticky, false);
        if let Player::Safe(participant) = &mut self.processes[process].player {
            participant.lends |= mode == Mode::NotSticky;
        }
        DONE
    }

    /// utimensat.
    pub(super) fn touch(
        &mut self,
        process: usize,
        configuration: &Configuration,
        inode: Option<Number>,
        times: Times,
    ) -> CallResult {
        let is_ours = |inode: &Number| self.inode(*inode).foreign == configuration.is_foreign(process);
        let Some(inode) = inode.filter(is_ours) else { return TimesResult::Failed(ERRNO).into() };
        let time = match times {
            Times::Marked => Time::Magic,
            Times::Lent if configuration.has(Bug::ClearsWithPresentTime) => Time::Alike,
            Times::Lent => Time::Lent,
        };
        self.set_time(inode, time);
        TimesResult::Done.into()
    }

    /// What stat tells.
    pub(super) fn stat(&self, process: usize, configuration: &Configuration, number: Option<Number>) -> StatResult {
        let Some(number) = number else { return StatResult::Missing };
        let inode = self.inode(number);
        let links = self.names.iter().chain(&self.shares).filter(|name| **name == Some(number)).count();
        StatResult::Found(Found {
            inode: slocket_core::Inode { device: 0, number: number.into() },
            kind: match inode.kind {
                Kind::File => FileKind::Other,
                Kind::Fifo => FileKind::Fifo,
                Kind::Visible | Kind::Bound(_) | Kind::Dead => FileKind::Socket,
            },
            owner: if inode.foreign == configuration.is_foreign(process) { Owner::Us } else { Owner::Other },
            links: match links + usize::from(self.path == Some(number)) {
                0 => Links::None,
                1 => Links::One,
                _ => Links::More,
            },
            is_sticky: inode.sticky,
            owner_writes: !inode.locked,
            mode: if inode.spoiled || !inode.sticky && inode.kind != Kind::Fifo {
                ModeFit::Fewer
            } else {
                ModeFit::Exact
            },
            times: match inode.time {
                Time::Magic => TimesFound::Marked,
                Time::Alike => TimesFound::Alike,
                Time::Apart | Time::Lent => TimesFound::Apart,
            },
            is_recent: false,
        })
    }

    pub(super) fn held_fast(&self, process: usize, role: Role) -> Option<Number> {
        let own = &self.processes[process];
        // (A planted bug holds nothing fast, and goes by the number.)
        let by_number = || self.mind(process).inodes().next();
        if role == Role::Swept { own.swept } else { own.pin.or_else(by_number) }
    }

    pub(super) fn pin_mut(&mut self, process: usize, role: Role) -> &mut Option<Number> {
        let own = &mut self.processes[process];
        if role == Role::Swept { &mut own.swept } else { &mut own.pin }
    }
}
