//! The runtimes of the asynchronous adapters: one of each kind for the process.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime::{self, Runtime};

use crate::adapter::Adapter;

pub(super) static TOKIO: LazyLock<Runtime> = LazyLock::new(|| build(&mut runtime::Builder::new_current_thread()));
static TOKIO_THREADS: LazyLock<Runtime> =
    LazyLock::new(|| build(runtime::Builder::new_multi_thread().worker_threads(2)));

fn build(builder: &mut runtime::Builder) -> Runtime {
    builder.enable_all().build().expect("a runtime")
}

/// Starts the runtime of the adapter, with its threads and descriptors: they are there from its first use to the end of the
/// process, so a trial that counts either begins with this.
pub fn warm_up(adapter: Adapter) {
    /// Long enough for a runtime to wait, once.
    const SOON: Duration = Duration::from_millis(1);
    match adapter {
        Adapter::Sync | Adapter::Node => {}
        Adapter::Tokio => TOKIO.block_on(async { tokio::time::sleep(SOON).await }),
        Adapter::TokioThreads => in_a_task(async { tokio::time::sleep(SOON).await }),
        // A timer that is due when it is looked at first needs no reactor, and the reactor's own thread then makes it at some
        // later time: so a socket, which needs it at once.
        Adapter::AsyncStd => async_std::task::block_on(async {
            drop(async_std::os::unix::net::UnixStream::pair().expect("a pair"));
            async_std::task::sleep(SOON).await;
        }),
        Adapter::Smol => smol::block_on(async {
            drop(smol::net::unix::UnixStream::pair().expect("a pair"));
            smol::Timer::after(SOON).await;
        }),
    }
}

/// Runs on a worker thread. The caller sleeps only once the future has been polled there and has to wait.
pub(super) fn in_a_task<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let polled = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&polled);
    let task = TOKIO_THREADS.spawn(async move {
        let mut future = pin!(future);
        let first = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        tell.store(true, Ordering::SeqCst);
        match first {
            Poll::Ready(value) => value,
            Poll::Pending => future.await,
        }
    });
    while !polled.load(Ordering::SeqCst) && !task.is_finished() {
        thread::yield_now();
    }
    TOKIO_THREADS.block_on(task).expect("the task does not panic")
}
