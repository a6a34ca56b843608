//! The types of attribute values and their spelling in each format.

use crate::format::NullTag;

/// The type of an attribute value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tag {
    S,
    N,
    B,
    Bool,
    Null,
    Ss,
    Ns,
    Bs,
    L,
    M,
}

/// The spelling of types in a format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Spelling {
    /// `S`, `BOOL`, with exactly this case.
    Dynamodb,
    /// `s`, `bOOL`. Read in any case and with either name of a null, as the EMR connector does.
    DataPipeline(NullTag),
}

impl Spelling {
    /// Returns the type of this name.
    #[inline]
    pub(crate) fn tag(self, name: &[u8]) -> Option<Tag> {
        match self {
            Spelling::Dynamodb => Tag::named(name),
            Spelling::DataPipeline(_) => {
                let mut upper = [0; NULL_VALUE.len()];
                let upper = upper.get_mut(..name.len())?;
                upper.copy_from_slice(name);
                upper.make_ascii_uppercase();
                if upper == NULL_VALUE { Some(Tag::Null) } else { Tag::named(upper) }
            }
        }
    }

    /// Returns the type whose name is this single letter.
    #[inline]
    pub(crate) fn letter(self, letter: u8) -> Option<Tag> {
        let letter = if self == Spelling::Dynamodb { letter } else { letter.to_ascii_uppercase() };
        Some(match letter {
            b'S' => Tag::S,
            b'N' => Tag::N,
            b'M' => Tag::M,
            b'L' => Tag::L,
            b'B' => Tag::B,
            _ => return None,
        })
    }

    /// Returns the name of a type.
    #[inline]
    pub(crate) fn name(self, tag: Tag) -> &'static [u8] {
        match (self, tag) {
            (Spelling::Dynamodb, Tag::S) => b"S",
            (Spelling::Dynamodb, Tag::N) => b"N",
            (Spelling::Dynamodb, Tag::B) => b"B",
            (Spelling::Dynamodb, Tag::Bool) => b"BOOL",
            (Spelling::Dynamodb, Tag::Null) => b"NULL",
            (Spelling::Dynamodb, Tag::Ss) => b"SS",
            (Spelling::Dynamodb, Tag::Ns) => b"NS",
            (Spelling::Dynamodb, Tag::Bs) => b"BS",
            (Spelling::Dynamodb, Tag::L) => b"L",
            (Spelling::Dynamodb, Tag::M) => b"M",
            (Spelling::DataPipeline(_), Tag::S) => b"s",
            (Spelling::DataPipeline(_), Tag::N) => b"n",
            (Spelling::DataPipeline(_), Tag::B) => b"b",
            (Spelling::DataPipeline(_), Tag::Bool) => b"bOOL",
            (Spelling::DataPipeline(NullTag::Null), Tag::Null) => b"nULL",
            (Spelling::DataPipeline(NullTag::NullValue), Tag::Null) => b"nULLValue",
            (Spelling::DataPipeline(_), Tag::Ss) => b"sS",
            (Spelling::DataPipeline(_), Tag::Ns) => b"nS",
            (Spelling::DataPipeline(_), Tag::Bs) => b"bS",
            (Spelling::DataPipeline(_), Tag::L) => b"l",
            (Spelling::DataPipeline(_), Tag::M) => b"m",
        }
    }
}

const NULL_VALUE: &[u8] = b"NULLVALUE";

impl Tag {
    #[inline]
    fn named(name: &[u8]) -> Option<Tag> {
        Some(match name {
            b"S" => Tag::S,
            b"N" => Tag::N,
            b"M" => Tag::M,
            b"L" => Tag::L,
            b"BOOL" => Tag::Bool,
            b"NULL" => Tag::Null,
            b"B" => Tag::B,
            b"SS" => Tag::Ss,
            b"NS" => Tag::Ns,
            b"BS" => Tag::Bs,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Tag; 10] =
        [Tag::S, Tag::N, Tag::B, Tag::Bool, Tag::Null, Tag::Ss, Tag::Ns, Tag::Bs, Tag::L, Tag::M];

    #[test]
    fn each_spelling_reads_what_it_writes() {
        let pipelines = [Spelling::DataPipeline(NullTag::Null), Spelling::DataPipeline(NullTag::NullValue)];
        for tag in ALL {
            assert_eq!(Spelling::Dynamodb.tag(Spelling::Dynamodb.name(tag)), Some(tag));
            for spelling in [Spelling::Dynamodb, pipelines[0]] {
                if let [letter] = *spelling.name(tag) {
                    assert_eq!(spelling.letter(letter), Some(tag));
                }
            }
            for writer in pipelines {
                for reader in pipelines {
                    assert_eq!(reader.tag(writer.name(tag)), Some(tag));
                    assert_eq!(reader.tag(&writer.name(tag).to_ascii_lowercase()), Some(tag));
                    assert_eq!(reader.tag(Spelling::Dynamodb.name(tag)), Some(tag));
                }
                assert_eq!(Spelling::Dynamodb.tag(writer.name(tag)), None);
            }
        }
        assert_eq!(Spelling::Dynamodb.tag(b"NULLVALUE"), None);
        assert_eq!(pipelines[0].tag(b"nULLValues"), None);
        assert_eq!(pipelines[0].tag(b""), None);
    }
}
