//! The runtimes, as a trial uses them: written once, it runs on each.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use slocket_os::Runtime;

/// A runtime that runs.
pub(crate) trait Host: Sized + Send + Sync + 'static {
    /// How its adapter waits.
    type Waits: Runtime;
    type Task: Send;

    const NAME: &str;

    /// Starts it. What it opens on its first use is open afterwards.
    fn start() -> Self;

    /// Polls a future on this thread until it is ready.
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T;

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Self::Task;

    /// Waits for the end of a task.
    async fn join(task: Self::Task);

    /// Cancels a task at once; the future waits until it is gone, and tells whether it was cancelled before its end.
    fn abort(task: Self::Task) -> impl Future<Output = bool>;

    /// Cancels a task and does not wait.
    fn abandon(task: Self::Task);

    /// The runtime's own time-out around a future.
    async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T>;

    /// The runtime's own way to take the first of two futures and to drop the other.
    async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T;
}

/// A test on each runtime, of a function that is generic in it.
macro_rules! on_each_runtime {
    ($($trial:ident)*) => {
        $(mod $trial {
            use crate::host::{AsyncStd, Smol, SmolThreads, Tokio, TokioThreads};
            #[test]
            fn tokio() {
                super::$trial::<Tokio>();
            }
            #[test]
            fn tokio_threads() {
                super::$trial::<TokioThreads>();
            }
            #[test]
            fn smol() {
                super::$trial::<Smol>();
            }
            #[test]
            fn smol_threads() {
                super::$trial::<SmolThreads>();
            }
            #[test]
            fn async_std() {
                super::$trial::<AsyncStd>();
            }
        })*
    };
}
pub(crate) use on_each_runtime;

/// The same, each of a lock at a path and of one at an abstract name.
macro_rules! on_each_runtime_at_path_and_name {
    ($($trial:ident)*) => {
        mod at_path {
            use trials::Place;
            $(fn $trial<H: crate::host::Host>() {
                super::$trial::<H>(&Place::new());
            })*
            crate::host::on_each_runtime! { $($trial)* }
        }
        mod at_name {
            use trials::Place;
            $(fn $trial<H: crate::host::Host>() {
                super::$trial::<H>(&Place::at_name());
            })*
            crate::host::on_each_runtime! { $($trial)* }
        }
    };
}
pub(crate) use on_each_runtime_at_path_and_name;

/// How many threads a runtime with several has.
const THREADS: usize = 4;

/// Tokio on the thread that calls.
pub(crate) struct Tokio(pub(crate) tokio::runtime::Runtime);

/// Tokio on several threads.
pub(crate) struct TokioThreads(pub(crate) tokio::runtime::Runtime);

/// An executor of smol on the thread that calls.
pub(crate) struct Smol(smol::Executor<'static>);

/// An executor of smol on several threads.
pub(crate) struct SmolThreads {
    executor: Arc<smol::Executor<'static>>,
    /// Ends the threads when it is dropped.
    stop: Option<smol::channel::Sender<()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// async-std, whose executor is one for the process, and lives as long.
pub(crate) struct AsyncStd;

impl Host for Tokio {
    type Waits = slocket_tokio::Tokio;
    type Task = tokio::task::JoinHandle<()>;
    const NAME: &str = "tokio";

    fn start() -> Self {
        Self(tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Self::Task {
        self.0.spawn(future)
    }

    async fn join(task: Self::Task) {
        task.await.expect("a task");
    }

    fn abort(task: Self::Task) -> impl Future<Output = bool> {
        task.abort();
        async move {
            match task.await {
                Ok(()) => false,
                Err(error) if error.is_cancelled() => true,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
    }

    fn abandon(task: Self::Task) {
        task.abort();
    }

    async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(time, future).await.ok()
    }

    async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            value = one => value,
            value = other => value,
        }
    }
}

impl Host for TokioThreads {
    type Waits = slocket_tokio::Tokio;
    type Task = tokio::task::JoinHandle<()>;
    const NAME: &str = "tokio-threads";

    fn start() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(THREADS).enable_all().build().expect("a runtime"))
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.block_on(future)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Self::Task {
        self.0.spawn(future)
    }

    async fn join(task: Self::Task) {
        Tokio::join(task).await;
    }

    fn abort(task: Self::Task) -> impl Future<Output = bool> {
        Tokio::abort(task)
    }

    fn abandon(task: Self::Task) {
        Tokio::abandon(task);
    }

    async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
        Tokio::within(time, future).await
    }

    async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
        Tokio::first(one, other).await
    }
}

impl Host for Smol {
    type Waits = slocket_smol::AsyncIo;
    type Task = smol::Task<()>;
    const NAME: &str = "smol";

    fn start() -> Self {
        open_the_reactor();
        Self(smol::Executor::new())
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(self.0.run(future))
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Self::Task {
        self.0.spawn(future)
    }

    async fn join(task: Self::Task) {
        task.await;
    }

    fn abort(task: Self::Task) -> impl Future<Output = bool> {
        begun(task.cancel())
    }

    fn abandon(task: Self::Task) {
        drop(task);
    }

    async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
        let timer = async {
            smol::Timer::after(time).await;
            None
        };
        smol::future::or(async { Some(future.await) }, timer).await
    }

    async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
        smol::future::or(one, other).await
    }
}

impl Host for SmolThreads {
    type Waits = slocket_smol::AsyncIo;
    type Task = smol::Task<()>;
    const NAME: &str = "smol-threads";

    fn start() -> Self {
        open_the_reactor();
        let executor = Arc::new(smol::Executor::new());
        let (stop, stopped) = smol::channel::bounded(1);
        let run = |_| {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::spawn(move || {
                let _stopped = smol::block_on(executor.run(stopped.recv()));
            })
        };
        let threads = (0..THREADS).map(run).collect();
        Self { executor, stop: Some(stop), threads }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        smol::block_on(future)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Self::Task {
        self.executor.spawn(future)
    }

    async fn join(task: Self::Task) {
        task.await;
    }

    fn abort(task: Self::Task) -> impl Future<Output = bool> {
        begun(task.cancel())
    }

    fn abandon(task: Self::Task) {
        drop(task);
    }

    async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
        Smol::within(time, future).await
    }

    async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
        Smol::first(one, other).await
    }
}

impl Drop for SmolThreads {
    fn drop(&mut self) {
        self.stop = None;
        for thread in self.threads.drain(..) {
            thread.join().expect("a thread of the executor");
        }
    }
}

impl Host for AsyncStd {
    type Waits = slocket_async_std::AsyncStd;
    type Task = async_std::task::JoinHandle<()>;
    const NAME: &str = "async-std";

    fn start() -> Self {
        open_the_reactor();
        async_std::task::block_on(async_std::task::spawn(async {}));
        Self
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        async_std::task::block_on(future)
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Self::Task {
        async_std::task::spawn(future)
    }

    async fn join(task: Self::Task) {
        task.await;
    }

    fn abort(task: Self::Task) -> impl Future<Output = bool> {
        begun(task.cancel())
    }

    fn abandon(task: Self::Task) {
        drop(begun(task.cancel()));
    }

    async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
        async_std::future::timeout(time, future).await.ok()
    }

    async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> T {
        smol::future::or(one, other).await
    }
}

/// The reactor of async-io opens its descriptors, and starts its thread, on its first use.
fn open_the_reactor() {
    // Long enough not to be over when it is asked for the first time: then the reactor is not needed.
    smol::block_on(smol::Timer::after(Duration::from_millis(5)));
}

/// Begins to cancel at once: these do so at their first poll.
fn begun(cancel: impl Future<Output = Option<()>>) -> impl Future<Output = bool> {
    let mut cancel: Pin<Box<_>> = Box::pin(cancel);
    let polled = cancel.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    async move {
        let completed = match polled {
            std::task::Poll::Ready(completed) => completed,
            std::task::Poll::Pending => cancel.await,
        };
        completed.is_none()
    }
}
