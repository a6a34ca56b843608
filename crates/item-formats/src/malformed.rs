//! What is wrong with bytes, and where.

/// Why bytes are not what they should be: what is wrong, and where (the byte).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason} at byte {at}")]
pub struct Malformed {
    /// Byte offset from the beginning of what was given.
    pub at: usize,
    /// What is wrong, in words.
    pub reason: String,
}

/// The same on its way up: one word, since every result of the pass has room for it.
pub(crate) type Fault = Box<Malformed>;

impl Malformed {
    /// Apart from the code that finds nothing wrong, which is what runs.
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
