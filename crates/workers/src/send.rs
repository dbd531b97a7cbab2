//! Futures that may be sent where there is nowhere to send them.

use std::future::Future;

pub use send_wrapper::SendWrapper;

/// Makes a future `Send`, for frameworks that ask for it: a Worker has one thread.
pub trait IntoSend: Future + Sized {
    /// Wraps it. It panics if another thread polls it, which a Worker does not have.
    fn into_send(self) -> SendWrapper<Self> {
        SendWrapper::new(self)
    }
}

impl<F: Future> IntoSend for F {}
