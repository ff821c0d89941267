//! What the caller is to be told because of what has just happened.

use slocket_core::{Connected, Event, Failure, Inspected, Published, Received, Reclaimed, Report, Stale};

use crate::machine::ledger::{Fired, Ledger};

/// The report that an event makes due, if the request is not settled already.
pub(super) fn report(ledger: &Ledger, event: Event) -> Option<Report> {
    let start = ledger.start?;
    let looks = start == Event::Look;
    let tries = matches!(start, Event::Try(_));
    let fails_if_stale = matches!(start, Event::Acquire(Stale::Fail) | Event::Try(Stale::Fail));
    let failure = match event {
        Event::Connected(Connected::Queued | Connected::Untrusted | Connected::BacklogFull) if looks => {
            return Some(Report::Listened);
        }
        Event::Connected(Connected::Missing | Connected::Refused) if looks => return Some(Report::Free),
        Event::Connected(Connected::NotASocket) if looks => Failure::NotASlocket,
        Event::Connected(Connected::Denied) if looks => Failure::Inaccessible,
        Event::Inspected(Inspected::Denied) if tries => Failure::Inaccessible,
        Event::Connected(Connected::Untrusted) => Failure::Untrusted,
        Event::Connected(Connected::WrongType)
        | Event::Inspected(Inspected::WrongType)
        | Event::Received(_, Received::Foreign) => Failure::NotASlocket,
        Event::Inspected(Inspected::Stale) | Event::Reclaimed(Reclaimed::Unmarked) if fails_if_stale => Failure::Stale,
        Event::Reclaimed(Reclaimed::Elsewhere) => Failure::Elsewhere,
        Event::Reclaimed(Reclaimed::Denied) => Failure::Denied,
        Event::Published(Published::Failed(code))
        | Event::Connected(Connected::Failed(code))
        | Event::Inspected(Inspected::Failed(code))
        | Event::Reclaimed(Reclaimed::Failed(code)) => Failure::Os(code),
        Event::Inspected(Inspected::Unmarked | Inspected::NotASocket | Inspected::Stale)
        | Event::Reclaimed(Reclaimed::Unmarked)
            if tries =>
        {
            return Some(Report::WouldBlock);
        }
        _ if ledger.is_passed_by(event) && ledger.tried == Some(Fired::Already) => return Some(Report::WouldBlock),
        _ => return None,
    };
    Some(Report::Failed(failure))
}
