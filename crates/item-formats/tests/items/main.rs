//! Tests items in all formats and compressions, and bytes that are not items.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod json;
mod oracle;
mod untyped;
mod values;

use item_formats::{Compressor, Format, LineReader, NullTag, key_of, read_line, split_items, write_line};
use proptest::collection::vec;
use proptest::prelude::*;

use json::Json;
use oracle::item_of;
use values::{compressions, formats, items, mutate, mutations};

fn line_of(format: Format, item: &str) -> Vec<u8> {
    let mut line = Vec::new();
    write_line(format, item.as_bytes(), &mut line).unwrap();
    assert_eq!(line.pop(), Some(b'\n'));
    line
}

/// Checks that the reader agrees with the oracle. The oracle does not know the oldest layout of Data Pipeline's lines,
/// so their result only has to be an item.
fn agrees(format: Format, line: &[u8]) -> Result<(), TestCaseError> {
    let mut item = b"before".to_vec();
    let read = read_line(format, line, &mut item);
    prop_assert!(item.starts_with(b"before"));
    let item = read.is_ok().then(|| &item[6..]);
    let expected = item_of(format, line);
    let oldest = !line.trim_ascii_start().starts_with(b"{") && line.contains(&3);
    if matches!(format, Format::DataPipeline(_)) && oldest {
        prop_assert!(item.is_none_or(|item| item_of(Format::Plain, item).is_some()));
        return Ok(());
    }
    prop_assert_eq!(item.map(|item| Json::parse(item).unwrap()), expected, "{:?}: {:?}", read, line);
    if let Some(item) = item {
        let mut once_more = Vec::new();
        prop_assert_eq!(write_line(Format::Plain, item, &mut once_more), Ok(()));
        prop_assert_eq!(once_more.strip_suffix(b"\n"), Some(item), "an item is not as compact as it can be");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn items_are_read_back_verbatim(
        items in vec(items(), 0..6),
        format in formats(),
        compression in compressions(),
        cut in 1..200_usize,
    ) {
        let items: Vec<String> = items.iter().map(Json::compact).collect();
        let mut compressor = Compressor::new(compression);
        let mut object = Vec::new();
        for item in &items {
            let mut line = Vec::new();
            write_line(format, item.as_bytes(), &mut line).unwrap();
            line.chunks(cut).for_each(|piece| compressor.push(piece).unwrap());
            object.extend(compressor.take());
        }
        object.extend(compressor.finish().unwrap());

        let mut lines = LineReader::new(compression, 1 << 20);
        let mut read = Vec::new();
        let mut take = |lines: &mut LineReader| {
            while let Some((number, line)) = lines.next_line().unwrap() {
                assert_eq!(number, read.len() as u64 + 1);
                let mut item = Vec::new();
                read_line(format, line, &mut item).unwrap();
                read.push(String::from_utf8(item).unwrap());
            }
        };
        for piece in object.chunks(cut) {
            lines.push(piece).unwrap();
            take(&mut lines);
        }
        lines.end().unwrap();
        take(&mut lines);
        prop_assert_eq!(read, items);
    }

    #[test]
    fn whitespace_and_escapes_do_not_change_the_item(item in items(), format in formats(), seed in any::<u64>()) {
        let expected = Some(item.clone());
        let line = line_of(format, &item.written(seed));
        prop_assert!(!line.contains(&b'\n'));
        prop_assert_eq!(&item_of(format, &line), &expected);
        agrees(format, &line)?;
        let spaced = Json::parse(&line).unwrap().written(seed);
        prop_assert_eq!(&item_of(format, spaced.as_bytes()), &expected);
        agrees(format, spaced.as_bytes())?;
    }

    #[test]
    fn a_changed_line_is_read_as_by_the_oracle(
        item in items(),
        format in formats(),
        other in formats(),
        mutations in mutations(),
    ) {
        let mut line = line_of(format, &item.compact());
        agrees(other, &line)?;
        mutate(&mut line, &mutations);
        agrees(format, &line)?;
    }

    #[test]
    fn short_values_are_judged_as_by_the_oracle(
        name in "(S|N|B|BOOL|NULL|SS|NS|BS|L|M|s|n|b|bOOL|nULL|nULLValue|x|)",
        value in prop_oneof![
            "\"-?[0-9.eE+-]{0,9}\"",
            "\"[0-9]{0,45}[.]?[0-9]{0,9}([eE]-?[0-9]{1,3})?\"",
            "\"[AQa+/=]{0,8}\"",
            "(true|false|null|0|\\[\\]|\\{\\}|\\[\"\"\\]|\\[\"1\",\"1\"\\]|\\[\"1\",1\\])",
        ],
        format in formats(),
    ) {
        let item = format!("{{\"a\":{{\"{name}\":{value}}}}}");
        agrees(format, item.as_bytes())?;
        agrees(format, format!("{{\"Item\":{item}}}").as_bytes())?;
    }

    #[test]
    fn no_bytes_do_harm(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..60),
            vec(proptest::sample::select(&b"{}[]\",:\\ SNBLM01\x02\x03\xc3u"[..]), 0..60),
        ],
        format in formats(),
    ) {
        agrees(format, &bytes)?;
        let mut line = b"before".to_vec();
        let written = write_line(format, &bytes, &mut line);
        prop_assert_eq!(written.is_ok(), item_of(Format::Plain, &bytes).is_some());
        prop_assert!(written.is_ok() || line == b"before");
        if let Ok(response) = split_items(&bytes) {
            let objects = response.items.iter().all(|item| item.starts_with(b"{"));
            prop_assert!(objects);
        }
        let _ = key_of(&bytes, &["S"]);
    }

    #[test]
    fn a_response_is_split_into_its_items(items in vec(items(), 0..6), seed in any::<u64>(), before in any::<bool>()) {
        let items: Vec<String> = items.iter().map(|item| item.written(seed).trim().to_owned()).collect();
        let list = items.join(" ,");
        let (left, right) = if before {
            ("{\"Items\":", ",\"Count\":3}")
        } else {
            ("{\"LastEvaluatedKey\":{\"Items\":{\"S\":\"]\"}}, \"Items\" : ", "}")
        };
        let response = format!("{left}[{list} ]{right}");
        let split = split_items(response.as_bytes()).unwrap();
        prop_assert_eq!(split.items, items.iter().map(String::as_bytes).collect::<Vec<_>>());
        prop_assert_eq!(String::from_utf8(split.rest).unwrap(), format!("{left}[]{right}"));
    }

    #[test]
    fn a_key_is_the_same_in_any_spelling_of_its_item(item in items(), seed in any::<u64>(), key in "[a-z\"é]{1,5}") {
        let Json::Object(mut members) = item else { unreachable!() };
        members.retain(|(name, _)| *name != key);
        members.push((key.clone(), Json::member("S", Json::Text(format!("{key}/\n")))));
        let item = Json::Object(members);
        let compact = key_of(item.compact().as_bytes(), &[&key]).unwrap();
        prop_assert_eq!(&compact, &key_of(item.written(seed).as_bytes(), &[&key]).unwrap());
        let Json::Object(mut members) = item else { unreachable!() };
        let expected = Json::Object(members.split_off(members.len() - 1));
        prop_assert_eq!(Json::parse(&compact), Some(expected));
    }
}

#[test]
fn only_the_reader_of_data_pipeline_reads_the_oldest_layout() {
    let line = b"id\x03{\"n\":\"1\"}\x02s\x03{\"nULL\":true}";
    let mut item = Vec::new();
    read_line(Format::DataPipeline(NullTag::Null), line, &mut item).unwrap();
    assert_eq!(item, br#"{"id":{"N":"1"},"s":{"NULL":true}}"#);
    assert!(read_line(Format::Plain, line, &mut item).is_err());
}
