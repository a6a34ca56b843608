//! Object names of the older systems: the hexadecimal MD5 of the key attributes as the system writes them.
//!
//! One of the systems writes the digest as a number, without leading zeros. The systems also write the attributes in
//! arbitrary order, so an item with two key attributes may have two objects.

use item_formats::{Malformed, spelled_key_of};
use md5::{Digest as _, Md5};

use crate::text::hex;

/// Number of hexadecimal digits of a digest.
const LETTERS: usize = 32;

/// Returns the possible names of the item with this body, without leading zeros. The name for the table's key order
/// comes first.
pub(super) fn of_body(body: &[u8], key_names: &[&str]) -> Result<Vec<String>, Malformed> {
    let mut orders = vec![key_names.to_vec()];
    if key_names.len() > 1 {
        orders.push(key_names.iter().rev().copied().collect());
    }
    let name =
        |order: &Vec<&str>| Ok(significant(&hex(&Md5::digest(spelled_key_of(body, order)?))).to_owned());
    orders.iter().map(name).collect()
}

/// Returns the name of an item's object without leading zeros, or `None` if the key is not that of an item.
pub(super) fn of_object<'a>(prefix: &str, key: &'a str) -> Option<&'a str> {
    let name = key.strip_prefix(prefix)?;
    let is_digest = (1..=LETTERS).contains(&name.len())
        && name.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then(|| significant(name))
}

/// Returns the keys that an object with this name may have.
pub(super) fn keys(prefix: &str, name: &str) -> Vec<String> {
    let whole = format!("{prefix}{name:0>LETTERS$}");
    let short = format!("{prefix}{name}");
    if whole == short { vec![short] } else { vec![short, whole] }
}

fn significant(name: &str) -> &str {
    let name = name.trim_start_matches('0');
    if name.is_empty() { "0" } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_those_of_the_older_systems() {
        // The names as md5sum prints them and as the older system was seen to write them.
        for (body, name) in [
            (r#"{"id":"1","v":2}"#, "e405fac593027bc534cf08cd4d2a5647"),
            (r#"{"v":null,"id":"18"}"#, "90f35f65956c390e320a977a2a0f701"),
        ] {
            assert_eq!(of_body(body.as_bytes(), &["id"]).unwrap(), [name]);
            assert_eq!(of_object("a/", &format!("a/{name}")), Some(name));
            assert_eq!(of_object("a/", &format!("a/{name:0>32}")), Some(name));
        }
        let typed = of_body(br#"{"id":{"S":"1"},"v":{"N":"2"}}"#, &["id"]).unwrap();
        assert_eq!(typed, [significant(&hex(&Md5::digest(br#"{"id":{"S":"1"}}"#)))]);
        assert!(of_body(br#"{"v":1}"#, &["id"]).is_err());
    }

    #[test]
    fn two_attributes_have_two_names() {
        let names = of_body(br#"{"pk":"a","sk":1.5}"#, &["pk", "sk"]).unwrap();
        let name = |text: &[u8]| significant(&hex(&Md5::digest(text))).to_owned();
        assert_eq!(names, [name(br#"{"pk":"a","sk":1.5}"#), name(br#"{"sk":1.5,"pk":"a"}"#)]);
    }

    #[test]
    fn other_keys_are_not_names() {
        for key in ["a/", "a/b/ab", "a/coverage.json", "a/2026-03-01 02:00", "b/ab", "a/AB"] {
            assert_eq!(of_object("a/", key), None, "{key}");
        }
        assert_eq!(of_object("a/", &format!("a/{}", "a".repeat(33))), None);
        assert_eq!(of_object("a/", "a/000"), Some("0"));
        assert_eq!(keys("a/", "ab")[0], "a/ab");
        assert_eq!(keys("a/", &"f".repeat(32)).len(), 1);
    }
}
