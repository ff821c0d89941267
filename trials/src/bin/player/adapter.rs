//! The adapters, as a player uses them: all calls block.

use std::time::Duration;

use slocket_os::{Builder, Lock};
use slocket_sync::{Error, Guard, Holder, StalePolicy, Trust};
use tokio::runtime::Runtime;

/// A lock, used through one of the adapters. (Their guards and errors are the same types.)
pub(crate) enum Adapter {
    Sync(slocket_sync::Slocket),
    /// On a runtime with one thread.
    Tokio(slocket_tokio::Slocket, Runtime),
    /// Each call in a task of its own, on a runtime with two threads.
    TokioThreads(slocket_tokio::Slocket, Runtime),
    AsyncStd(slocket_async_std::Slocket),
    Smol(slocket_smol::Slocket),
}

/// The adapter that the arguments of the program name.
pub(crate) fn open(arguments: &[String]) -> Result<Adapter, String> {
    let [adapter, path, options @ ..] = arguments else {
        return Err("usage: player ADAPTER PATH [--mode=OCTAL] [--stale=wait|fail|MS] [--trust=owner|anyone]".into());
    };
    let runtime =
        |mut builder: tokio::runtime::Builder| builder.enable_all().build().map_err(|error| error.to_string());
    Ok(match adapter.as_str() {
        "sync" => Adapter::Sync(build(path, options)?),
        "tokio" => Adapter::Tokio(build(path, options)?, runtime(tokio::runtime::Builder::new_current_thread())?),
        "tokio-threads" => {
            let mut threads = tokio::runtime::Builder::new_multi_thread();
            threads.worker_threads(2);
            Adapter::TokioThreads(build(path, options)?, runtime(threads)?)
        }
        "async-std" => Adapter::AsyncStd(build(path, options)?),
        "smol" => Adapter::Smol(build(path, options)?),
        _ => return Err(format!("no adapter {adapter}")),
    })
}

/// A lock of one of the adapters, with the options that the arguments name.
fn build<L: From<Lock>>(path: &str, options: &[String]) -> Result<L, String> {
    let mut builder = Builder::<L>::new(path);
    for option in options {
        let (name, value) = option.split_once('=').ok_or_else(|| format!("what is {option}?"))?;
        builder = match name {
            "--mode" => builder.mode(u32::from_str_radix(value, 8).map_err(|error| error.to_string())?),
            "--stale" => builder.stale(stale(value)?),
            "--trust" => builder.trust(trust(value)?),
            _ => return Err(format!("what is {option}?")),
        };
    }
    builder.build().map_err(|error| error.to_string())
}

impl Adapter {
    pub(crate) fn acquire(&self) -> Result<Guard, Error> {
        match self {
            Self::Sync(slocket) => slocket.acquire(),
            Self::Tokio(slocket, runtime) => runtime.block_on(slocket.acquire()),
            Self::TokioThreads(slocket, runtime) => {
                let slocket = slocket.clone();
                in_a_task(runtime, async move { slocket.acquire().await })
            }
            Self::AsyncStd(slocket) => async_std::task::block_on(slocket.acquire()),
            Self::Smol(slocket) => smol::block_on(slocket.acquire()),
        }
    }

    pub(crate) fn acquire_timeout(&self, timeout: Duration) -> Result<Guard, Error> {
        match self {
            Self::Sync(slocket) => slocket.acquire_timeout(timeout),
            Self::Tokio(slocket, runtime) => runtime.block_on(slocket.acquire_timeout(timeout)),
            Self::TokioThreads(slocket, runtime) => {
                let slocket = slocket.clone();
                in_a_task(runtime, async move { slocket.acquire_timeout(timeout).await })
            }
            Self::AsyncStd(slocket) => async_std::task::block_on(slocket.acquire_timeout(timeout)),
            Self::Smol(slocket) => smol::block_on(slocket.acquire_timeout(timeout)),
        }
    }

    /// Drops the future if it takes longer. Blocking calls cannot be dropped: their time is up instead.
    pub(crate) fn acquire_or_cancel(&self, after: Duration) -> Result<Option<Guard>, Error> {
        let held = match self {
            Self::Sync(slocket) => match slocket.acquire_timeout(after) {
                Err(Error::TimedOut { .. }) => None,
                result => Some(result),
            },
            Self::Tokio(slocket, runtime) => {
                runtime.block_on(async { tokio::time::timeout(after, slocket.acquire()).await.ok() })
            }
            Self::TokioThreads(slocket, runtime) => {
                let slocket = slocket.clone();
                in_a_task(runtime, async move { tokio::time::timeout(after, slocket.acquire()).await.ok() })
            }
            Self::AsyncStd(slocket) => {
                async_std::task::block_on(async_std::future::timeout(after, slocket.acquire())).ok()
            }
            Self::Smol(slocket) => {
                let cancel = async {
                    smol::Timer::after(after).await;
                    None
                };
                smol::block_on(smol::future::or(async { Some(slocket.acquire().await) }, cancel))
            }
        };
        held.transpose()
    }

    pub(crate) fn try_acquire(&self) -> Result<Option<Guard>, Error> {
        match self {
            Self::Sync(slocket) => slocket.try_acquire(),
            Self::Tokio(slocket, runtime) => runtime.block_on(slocket.try_acquire()),
            Self::TokioThreads(slocket, runtime) => {
                let slocket = slocket.clone();
                in_a_task(runtime, async move { slocket.try_acquire().await })
            }
            Self::AsyncStd(slocket) => async_std::task::block_on(slocket.try_acquire()),
            Self::Smol(slocket) => smol::block_on(slocket.try_acquire()),
        }
    }

    pub(crate) fn holder(&self) -> Result<Option<Holder>, Error> {
        match self {
            Self::Sync(slocket) => slocket.holder(),
            Self::Tokio(slocket, runtime) | Self::TokioThreads(slocket, runtime) => runtime.block_on(slocket.holder()),
            Self::AsyncStd(slocket) => async_std::task::block_on(slocket.holder()),
            Self::Smol(slocket) => smol::block_on(slocket.holder()),
        }
    }
}

/// Runs on a worker thread.
fn in_a_task<T: Send + 'static>(runtime: &Runtime, future: impl Future<Output = T> + Send + 'static) -> T {
    runtime.block_on(runtime.spawn(future)).expect("the task does not panic")
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
