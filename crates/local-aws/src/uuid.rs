//! Random identifiers, for job ids and tokens. They must not repeat; they guard nothing.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// A random UUID, in lower case.
pub(crate) fn random() -> String {
    // Every `RandomState` has keys of its own, drawn from the operating system's randomness.
    let (high, low) = (random_u64(), random_u64());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::random;

    #[test]
    fn identifiers_have_the_form_of_a_uuid_and_differ() {
        let seen: HashSet<String> = (0..1_000).map(|_| random()).collect();
        assert_eq!(seen.len(), 1_000);
        for id in seen {
            let lengths: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
        }
    }
}
