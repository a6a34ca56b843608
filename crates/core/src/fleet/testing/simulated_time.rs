//! A simulated clock.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::fleet::rates::Timer;

/// A clock that moves on when nothing else can happen.
#[derive(Clone, Debug)]
pub(in crate::fleet) struct SimulatedTimer(Arc<Mutex<Simulated>>);

#[derive(Debug)]
pub(in crate::fleet) struct Simulated {
    now: Instant,
    number: u64,
    waiting: BTreeMap<(Instant, u64), Option<Waker>>,
}

impl SimulatedTimer {
    pub(in crate::fleet) fn new() -> SimulatedTimer {
        SimulatedTimer(Arc::new(Mutex::new(Simulated {
            now: Instant::now(),
            number: 0,
            waiting: BTreeMap::new(),
        })))
    }

    /// Runs a future to its end. Moves the clock to the next waiting time whenever the future waits.
    pub(in crate::fleet) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        #[derive(Default)]
        struct Flag(AtomicBool);
        impl Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        // Without the budget of tokio's tasks, whose wakers would wait for the runtime.
        let mut future = pin!(tokio::task::unconstrained(future));
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        loop {
            flag.0.store(false, Ordering::SeqCst);
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
            if !flag.0.load(Ordering::SeqCst) {
                let mut time = self.0.lock().unwrap();
                let ((next, _), waker) = time.waiting.pop_first().expect("something waits for the clock");
                time.now = time.now.max(next);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }
}

impl Timer for SimulatedTimer {
    fn now(&self) -> Instant {
        self.0.lock().unwrap().now
    }

    fn wait(&self, time: Duration) -> BoxFuture<'static, ()> {
        let timer = self.clone();
        let key = {
            let mut time_now = timer.0.lock().unwrap();
            time_now.number += 1;
            let key = (time_now.now + time, time_now.number);
            time_now.waiting.insert(key, None);
            key
        };
        Box::pin(std::future::poll_fn(move |context| match timer.0.lock().unwrap().waiting.get_mut(&key) {
            Some(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        }))
    }
}
