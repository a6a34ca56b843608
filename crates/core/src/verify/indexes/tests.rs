use serde_json::json;

use super::*;

fn key(name: &str, role: sdk::KeyType) -> sdk::KeySchemaElement {
    sdk::KeySchemaElement::builder().attribute_name(name).key_type(role).build().unwrap()
}

fn projection(kind: sdk::ProjectionType, others: &[&str]) -> sdk::Projection {
    let others = others.iter().map(|name| (*name).to_owned()).collect();
    sdk::Projection::builder().projection_type(kind).set_non_key_attributes(Some(others)).build()
}

fn global(name: &str) -> sdk::GlobalSecondaryIndexDescription {
    sdk::GlobalSecondaryIndexDescription::builder()
        .index_name(name)
        .key_schema(key("at", sdk::KeyType::Range))
        .key_schema(key("customer", sdk::KeyType::Hash))
        .projection(projection(sdk::ProjectionType::Include, &["size", "color"]))
        .build()
}

fn local(kind: sdk::ProjectionType) -> sdk::LocalSecondaryIndexDescription {
    sdk::LocalSecondaryIndexDescription::builder()
        .index_name("by-day")
        .key_schema(key("id", sdk::KeyType::Hash))
        .key_schema(key("day", sdk::KeyType::Range))
        .projection(projection(kind, &[]))
        .build()
}

fn table(local_projection: sdk::ProjectionType) -> sdk::TableDescription {
    sdk::TableDescription::builder()
        .global_secondary_indexes(global("by-customer"))
        .local_secondary_indexes(local(local_projection))
        .build()
}

const DAY: &str = "local, by id and day, KEYS_ONLY";
const CUSTOMER: &str = "global, by customer and at, INCLUDE of color, size";

#[test]
fn each_source_describes_an_index_the_same() {
    let expected: Indexes =
        [("by-customer", CUSTOMER), ("by-day", DAY)].map(|(name, index)| (name.into(), index.into())).into();
    assert_eq!(of_table(&table(sdk::ProjectionType::KeysOnly)), expected);

    let definition: TableDefinition = serde_json::from_value(json!({
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }], "AttributeDefinitions": [],
        "GlobalSecondaryIndexes": [{ "IndexName": "by-customer",
            "KeySchema": [{ "AttributeName": "customer", "KeyType": "HASH" }, { "AttributeName": "at", "KeyType": "RANGE" }],
            "Projection": { "ProjectionType": "INCLUDE", "NonKeyAttributes": ["color", "size"] } }],
        "LocalSecondaryIndexes": [{ "IndexName": "by-day",
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }, { "AttributeName": "day", "KeyType": "RANGE" }],
            "Projection": { "ProjectionType": "KEYS_ONLY" } }],
        "BillingMode": "PAY_PER_REQUEST", "TableClass": "STANDARD" }))
    .unwrap();
    assert_eq!(of_definition(&definition), expected);

    let features = sdk::SourceTableFeatureDetails::builder()
        .global_secondary_indexes(
            sdk::GlobalSecondaryIndexInfo::builder()
                .index_name("by-customer")
                .key_schema(key("customer", sdk::KeyType::Hash))
                .key_schema(key("at", sdk::KeyType::Range))
                .projection(projection(sdk::ProjectionType::Include, &["color", "size"]))
                .build(),
        )
        .local_secondary_indexes(
            sdk::LocalSecondaryIndexInfo::builder()
                .index_name("by-day")
                .key_schema(key("id", sdk::KeyType::Hash))
                .key_schema(key("day", sdk::KeyType::Range))
                .projection(projection(sdk::ProjectionType::KeysOnly, &[]))
                .build(),
        )
        .build();
    let backup = sdk::BackupDescription::builder();
    assert_eq!(of_backup(&backup.clone().build()), None);
    assert_eq!(of_backup(&backup.source_table_feature_details(features).build()), Some(expected));
}

#[test]
fn each_difference_is_named() {
    let own = of_table(&table(sdk::ProjectionType::All));
    assert_eq!(differences(&own, &own), Vec::<String>::new());
    let expected = of_table(
        &sdk::TableDescription::builder()
            .global_secondary_indexes(global("by-buyer"))
            .local_secondary_indexes(local(sdk::ProjectionType::KeysOnly))
            .build(),
    );
    assert_eq!(
        differences(&own, &expected),
        [
            format!("it lacks the index by-buyer ({CUSTOMER})"),
            format!("its index by-day is local, by id and day, ALL instead of {DAY}"),
            format!("it has another index by-customer ({CUSTOMER})"),
        ]
    );
}
