//! The arguments of a player: which lock it uses, and how.

use std::path::Path;
use std::time::Duration;

use slocket_os::Lock;
use trials::Adapter;
use trials::lock::{StalePolicy, Trust, options as named, warm_up};

/// The lock that the arguments of the program name, and the adapter that they name.
pub(crate) fn open(arguments: &[String]) -> Result<(Adapter, Lock), String> {
    let [adapter, path, options @ ..] = arguments else {
        return Err(
            "usage: player ADAPTER PATH [--mode=OCTAL] [--stale=wait|fail|MS] [--trust=owner|anyone] [--retain=MS]"
                .into(),
        );
    };
    let adapter = Adapter::named(adapter).ok_or_else(|| format!("no adapter {adapter}"))?;
    warm_up(adapter);
    Ok((adapter, build(path, options)?))
}

/// A lock with the options that the arguments name; after an `@`, at an abstract name, and after `file:` a locked file.
fn build(path: &str, options: &[String]) -> Result<Lock, String> {
    let mut builder = named(Path::new(path));
    for option in options {
        let (name, value) = option.split_once('=').ok_or_else(|| format!("what is {option}?"))?;
        builder = match name {
            "--mode" => builder.mode(u32::from_str_radix(value, 8).map_err(|error| error.to_string())?),
            "--stale" => builder.stale(stale(value)?),
            "--trust" => builder.trust(trust(value)?),
            "--retain" => {
                let milliseconds = value.parse().map_err(|_| format!("--retain={value}?"))?;
                builder.retain(Duration::from_millis(milliseconds))
            }
            _ => return Err(format!("what is {option}?")),
        };
    }
    builder.build().map_err(|error| error.to_string())
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
