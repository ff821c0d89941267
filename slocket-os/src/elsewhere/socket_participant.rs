//! A participant of a lock that is a socket: there is none, since each lock is a locked file.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use slocket_core::{Event, Failure, Probe, Report};

use crate::descriptor::Descriptor;
use crate::error::Error;
use crate::peer::Holder;
use crate::process::Process;
use crate::site::Site;
use crate::sys::io;
use crate::wait::Wait;

#[derive(Debug)]
pub(crate) struct SocketParticipant(Infallible);

impl SocketParticipant {
    pub(crate) fn new(_: &Arc<Site>, _: Process) -> Self {
        unreachable!("each lock is a locked file")
    }

    pub(crate) fn renew(&mut self, _: &Arc<Site>, _: Process) {
        match self.0 {}
    }

    pub(crate) fn bystander(_: &Arc<Site>, _: Process, _: Option<Probe>) -> Self {
        unreachable!("each lock is a locked file")
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        match self.0 {}
    }

    pub(crate) fn process(&self) -> Process {
        match self.0 {}
    }

    pub(crate) fn take_report(&mut self) -> Option<Report> {
        match self.0 {}
    }

    pub(crate) fn has_acquired(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn has_report(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn take_server(&mut self) -> Option<Holder> {
        match self.0 {}
    }

    pub(crate) fn descriptor(&self) -> Option<&Descriptor> {
        match self.0 {}
    }

    pub(crate) fn listener(&self) -> Option<&Descriptor> {
        match self.0 {}
    }

    pub(crate) fn is_loan(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_contended(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_intact(&self) -> io::Result<bool> {
        match self.0 {}
    }

    pub(crate) fn disown(&mut self) {
        match self.0 {}
    }

    pub(crate) fn adopt(&mut self, _: Process) {
        match self.0 {}
    }

    pub(crate) fn share(&self) -> Option<&Descriptor> {
        match self.0 {}
    }

    pub(crate) fn awaits_shares(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_finished(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_spent(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_lingering(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_lingering_untold(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn lender(&self) -> Option<Holder> {
        match self.0 {}
    }

    pub(crate) fn recent_holder(&mut self, _: Duration) -> Option<Holder> {
        match self.0 {}
    }

    pub(crate) fn wait(&self) -> Wait<'_> {
        match self.0 {}
    }

    pub(crate) fn wake(&mut self) {
        match self.0 {}
    }

    pub(crate) fn tell(&mut self, _: Event) {
        match self.0 {}
    }

    pub(crate) fn error(&mut self, _: Failure) -> Error {
        match self.0 {}
    }
}
