//! The fingerprint of an item.

use item_formats::{Malformed, canonical_item, key_of};
use sha2::{Digest, Sha256};

/// What a comparison needs to know of an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fingerprint {
    /// Key attributes as compact canonical DynamoDB JSON, the partition key first.
    pub key: Vec<u8>,
    /// First 128 bits of the SHA-256 of `key`.
    pub key_hash: u128,
    /// First 128 bits of the SHA-256 of the item's canonical form.
    pub item_hash: u128,
}

/// Takes fingerprints. Reuse it, as it reuses its buffer.
#[derive(Clone, Debug)]
pub struct Fingerprinter<'a> {
    key_names: Vec<&'a str>,
    canonical: Vec<u8>,
}

impl<'a> Fingerprinter<'a> {
    /// Creates a fingerprinter of items with these key attributes, the partition key first.
    pub fn new(key_names: impl IntoIterator<Item = &'a str>) -> Fingerprinter<'a> {
        Fingerprinter { key_names: key_names.into_iter().collect(), canonical: Vec::new() }
    }

    /// Returns the fingerprint of an item of DynamoDB JSON. Refuses an item that is malformed or has another key.
    pub fn fingerprint(&mut self, item: &[u8]) -> Result<Fingerprint, Malformed> {
        let key = key_of(item, &self.key_names)?;
        self.of_key(key, item)
    }

    /// Returns the fingerprint of an item whose key is known, as [`key_of`] returns it.
    pub fn of_key(&mut self, key: Vec<u8>, item: &[u8]) -> Result<Fingerprint, Malformed> {
        self.canonical.clear();
        canonical_item(item, &mut self.canonical)?;
        Ok(Fingerprint { key_hash: hash(&key), item_hash: hash(&self.canonical), key })
    }
}

fn hash(bytes: &[u8]) -> u128 {
    let digest = Sha256::digest(bytes);
    digest.first_chunk().map_or(0, |first| u128::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_does_not_depend_on_the_spelling() {
        let mut fingerprinter = Fingerprinter::new(["id"]);
        let mut of = |item: &str| fingerprinter.fingerprint(item.as_bytes());
        let one = of(r#"{"id":{"N":"1"},"a":{"SS":["x","y"]}}"#).unwrap();
        assert_eq!(one, of(r#"{ "a" : { "SS" : ["y", "\u0078"] }, "id" : { "N" : "1.0" } }"#).unwrap());
        let other = of(r#"{"id":{"N":"1"},"a":{"SS":["x"]}}"#).unwrap();
        assert_eq!((one.key_hash, &one.key), (other.key_hash, &other.key));
        assert_ne!(one.item_hash, other.item_hash);
        assert_eq!(one.key, br#"{"id":{"N":"1"}}"#);
        // The beginning of the SHA-256 of `{"id":{"N":"1"}}`, by sha256sum.
        assert_eq!(format!("{:032x}", one.key_hash), "9f01746baa96a16c4788fa77c048bf75");
        assert!(of(r#"{"a":{"S":"x"}}"#).is_err());
    }
}
