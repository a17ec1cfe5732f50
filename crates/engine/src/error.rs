//! RAS error numbers, their names and our own sentences. The mapping from what went wrong inside to the number
//! a user sees stands here and nowhere else.

/// A RAS (600–870) or Win32 error number, as RasDial would give it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RasError(pub u32);

impl std::fmt::Debug for RasError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RasError({})", self.0)
    }
}
