//! The error for malformed bytes.

/// The error for malformed bytes: what is wrong, and at which byte.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub struct Malformed {
    /// Byte offset from the start of the input.
    pub at: usize,
    /// What is wrong, as a phrase.
    pub reason: String,
}

/// A boxed [`Malformed`]. It takes one word, because every result of the pass has room for it.
pub(crate) type Fault = Box<Malformed>;

impl Malformed {
    /// Creates the error. It is not inlined, to separate it from the code of valid input, which runs far more often.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(at: usize, reason: impl Into<String>) -> Fault {
        Box::new(Malformed { at, reason: reason.into() })
    }
}

impl From<Fault> for Malformed {
    fn from(fault: Fault) -> Malformed {
        *fault
    }
}
