//! What a player wants of an adapter, and the adapters.

use std::time::Duration;

use slocket_sync::{Error, Guard, Holder, Slocket, StalePolicy, Trust};

/// A lock, used through one of the adapters. All calls block.
pub(crate) trait Adapter {
    fn acquire(&self) -> Result<Box<dyn Held>, Error>;
    fn acquire_timeout(&self, timeout: Duration) -> Result<Box<dyn Held>, Error>;
    fn try_acquire(&self) -> Result<Option<Box<dyn Held>>, Error>;
    fn holder(&self) -> Result<Option<Holder>, Error>;
    fn settle(&self);
}

/// A guard of one of the adapters.
pub(crate) trait Held {
    fn release(self: Box<Self>) -> Result<(), Error>;
    fn contended(&self) -> bool;
    fn is_intact(&self) -> Result<bool, Error>;
    fn is_loan(&self) -> bool;
}

/// The adapter that the arguments of the program name.
pub(crate) fn open(arguments: &[String]) -> Result<Box<dyn Adapter>, String> {
    let [adapter, path, options @ ..] = arguments else {
        return Err("usage: player ADAPTER PATH [--mode=OCTAL] [--stale=wait|fail|MS] [--trust=owner|anyone]".into());
    };
    match adapter.as_str() {
        "sync" => {
            let mut builder = Slocket::builder(path);
            for option in options {
                let (name, value) = option.split_once('=').ok_or_else(|| format!("what is {option}?"))?;
                builder = match name {
                    "--mode" => builder.mode(u32::from_str_radix(value, 8).map_err(|error| error.to_string())?),
                    "--stale" => builder.stale(stale(value)?),
                    "--trust" => builder.trust(trust(value)?),
                    _ => return Err(format!("what is {option}?")),
                };
            }
            Ok(Box::new(builder.build().map_err(|error| error.to_string())?))
        }
        _ => Err(format!("no adapter {adapter}")),
    }
}

impl Adapter for Slocket {
    fn acquire(&self) -> Result<Box<dyn Held>, Error> {
        Ok(Box::new(self.acquire()?))
    }

    fn acquire_timeout(&self, timeout: Duration) -> Result<Box<dyn Held>, Error> {
        Ok(Box::new(self.acquire_timeout(timeout)?))
    }

    fn try_acquire(&self) -> Result<Option<Box<dyn Held>>, Error> {
        Ok(self.try_acquire()?.map(|guard| Box::new(guard) as Box<dyn Held>))
    }

    fn holder(&self) -> Result<Option<Holder>, Error> {
        self.holder()
    }

    fn settle(&self) {
        slocket_sync::settle();
    }
}

impl Held for Guard {
    fn release(self: Box<Self>) -> Result<(), Error> {
        Guard::release(*self)
    }

    fn contended(&self) -> bool {
        Guard::contended(self)
    }

    fn is_intact(&self) -> Result<bool, Error> {
        Guard::is_intact(self)
    }

    fn is_loan(&self) -> bool {
        Guard::is_loan(self)
    }
}

fn stale(value: &str) -> Result<StalePolicy, String> {
    match value {
        "wait" => Ok(StalePolicy::Wait),
        "fail" => Ok(StalePolicy::Fail),
        _ => {
            let milliseconds = value.parse().map_err(|_| format!("--stale={value}?"))?;
            Ok(StalePolicy::Reclaim { after: Duration::from_millis(milliseconds) })
        }
    }
}

fn trust(value: &str) -> Result<Trust, String> {
    match value {
        "owner" => Ok(Trust::Owner),
        "anyone" => Ok(Trust::Anyone),
        _ => Err(format!("--trust={value}?")),
    }
}
