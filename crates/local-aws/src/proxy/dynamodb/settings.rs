use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::insights::Insights;
use super::kinesis::Destination;
use super::{State, indexes, name_of, policies, text};
use crate::json::set;

/// The warm throughput of an on-demand table by default.
const WARM_ON_DEMAND: Warm = Warm { reads: 12_000, writes: 4_000 };

/// The settings of one table that the emulator does not store.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The id that distinguishes the table from a later one of the same name.
    table_id: Value,
    /// Whether a restore created the table. The emulator copies the warm throughput of the source, and AWS does not.
    pub(super) is_restored: bool,
    pub(super) polls_until_updated: u32,
    /// The number of changes of the table class.
    pub(super) class_changes: u32,
    pub(super) protection_changed: Option<DateTime<Utc>>,
    pub(super) time_to_live_changed: Option<DateTime<Utc>>,
    pub(super) recovery_days: Option<u64>,
    /// The time since which point-in-time recovery is on.
    pub(super) recovery_since: Option<DateTime<Utc>>,
    /// Whether the tags were changed and have not been listed since.
    pub(super) tags_are_locked: bool,
    /// The Contributor Insights that were enabled, by index. `None` is the table itself.
    pub(super) insights: HashMap<Option<String>, Insights>,
    pub(super) destinations: Vec<Destination>,
    /// The changed policies of the table and its streams, by ARN.
    pub(super) policies: HashMap<String, policies::Changed>,
    pub(super) warm: Warm,
    pub(super) warming: Option<Warming>,
    pub(super) limits: HashMap<String, Limits>,
}

/// An increase of warm throughput in progress. Until it is done, the old values are shown with the status UPDATING.
#[derive(Clone, Debug)]
pub(super) struct Warming {
    pub(super) polls: u32,
    /// The new warm throughput of the table, if it is raised.
    pub(super) table: Option<Warm>,
    /// The new warm throughput of indexes, by name.
    pub(super) indexes: HashMap<String, Warm>,
}

/// The warm throughput and the maximum on-demand throughput of an index.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) warm: Warm,
    pub(super) on_demand: Option<Value>,
}

/// Warm throughput in read and write units per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Warm {
    pub(super) reads: u64,
    pub(super) writes: u64,
}

impl Warm {
    pub(super) fn read(throughput: Option<&Value>) -> Self {
        Self::members(throughput, ["ReadUnitsPerSecond", "WriteUnitsPerSecond"])
    }

    fn members(object: Option<&Value>, [reads, writes]: [&str; 2]) -> Self {
        let member = |name| object.and_then(|object| object.get(name)?.as_u64()).unwrap_or_default();
        Self { reads: member(reads), writes: member(writes) }
    }

    pub(super) fn or_more(self, other: Self) -> Self {
        Self { reads: self.reads.max(other.reads), writes: self.writes.max(other.writes) }
    }

    fn shown(self, is_updating: bool) -> Value {
        let status = if is_updating { "UPDATING" } else { "ACTIVE" };
        json!({ "ReadUnitsPerSecond": self.reads, "WriteUnitsPerSecond": self.writes, "Status": status })
    }
}

impl State {
    /// Returns the stored settings of the described table.
    pub(super) fn settings(&mut self, table: &Value) -> &mut Settings {
        let id = table.get("TableId").cloned().unwrap_or_default();
        let settings = self.settings.entry(name_of(table).to_owned()).or_default();
        if settings.table_id != id {
            *settings = Settings { table_id: id, ..Settings::default() };
        }
        settings.settle();
        settings
    }
}

impl State {
    /// Returns the maximum on-demand throughput of a table's indexes, which a restore copies (measured: 11 and 13 in,
    /// 11 and 13 out).
    pub(super) fn maxima_of_indexes(&self, table_arn: &str) -> HashMap<String, Limits> {
        let name = table_arn.rsplit('/').next().unwrap_or_default();
        let limits = self.settings.get(name).into_iter().flat_map(|settings| &settings.limits);
        let maxima = limits.filter_map(|(index, limits)| {
            let on_demand = Some(limits.on_demand.clone()?);
            Some((index.clone(), Limits { on_demand, ..Limits::default() }))
        });
        maxima.collect()
    }
}

impl Settings {
    /// Adds these settings to a description of the table as AWS shows them.
    pub(super) fn show(&self, table: &mut Value) {
        let on_demand = table.pointer("/BillingModeSummary/BillingMode") == Some(&json!("PAY_PER_REQUEST"));
        let capacity = |of: &Value| {
            let units = ["ReadCapacityUnits", "WriteCapacityUnits"];
            if on_demand { WARM_ON_DEMAND } else { Warm::members(of.get("ProvisionedThroughput"), units) }
        };
        let warming = self.warming.as_ref();
        let is_updating = warming.is_some_and(|warming| warming.table.is_some());
        set(table, "WarmThroughput", self.warm.or_more(capacity(table)).shown(is_updating));
        // A stream that was disabled is left out.
        if table.pointer("/StreamSpecification/StreamEnabled") == Some(&json!(false)) {
            remove(table, "StreamSpecification");
        }
        for index in indexes(table) {
            if self.is_restored {
                remove(index, "WarmThroughput");
            }
            let limits = text(index, "IndexName").and_then(|name| self.limits.get(name));
            let warm = limits.map_or_else(Warm::default, |limits| limits.warm);
            let warm = warm.or_more(Warm::read(index.get("WarmThroughput"))).or_more(capacity(index));
            let is_updating = text(index, "IndexName")
                .is_some_and(|name| warming.is_some_and(|warming| warming.indexes.contains_key(name)));
            set(index, "WarmThroughput", warm.shown(is_updating));
            if let Some(on_demand) = limits.and_then(|limits| limits.on_demand.as_ref()) {
                set(index, "OnDemandThroughput", on_demand.clone());
            }
            if on_demand {
                let none = json!({ "ReadCapacityUnits": 0, "WriteCapacityUnits": 0 });
                set(index, "ProvisionedThroughput", none);
            }
        }
    }

    /// Completes an increase of warm throughput that has no polls left.
    fn settle(&mut self) {
        let Some(warming) = self.warming.take_if(|warming| warming.polls == 0) else { return };
        self.warm = self.warm.or_more(warming.table.unwrap_or_default());
        for (name, warm) in warming.indexes {
            let limits = self.limits.entry(name).or_default();
            limits.warm = limits.warm.or_more(warm);
        }
    }

    /// Sets the status of an update in progress. Counts as a poll.
    pub(super) fn poll(&mut self, table: &mut Value) {
        if let Some(warming) = &mut self.warming {
            warming.polls = warming.polls.saturating_sub(1);
        }
        if self.polls_until_updated > 0 {
            self.polls_until_updated -= 1;
            set(table, "TableStatus", "UPDATING");
        }
    }

    /// Starts an increase of warm throughput. One in progress continues with the newer values.
    pub(super) fn begin_warming(&mut self, table: Option<Warm>, indexes: HashMap<String, Warm>, polls: u32) {
        if table.is_none() && indexes.is_empty() {
            return;
        }
        let before = self.warming.take();
        let (table_before, mut all) =
            before.map_or_else(Default::default, |warming| (warming.table, warming.indexes));
        all.extend(indexes);
        self.warming = Some(Warming { polls, table: table.or(table_before), indexes: all });
    }

    /// Stores the maximum on-demand throughput given for a new or changed index.
    pub(super) fn note_index(&mut self, given: &Value) {
        let Some(name) = text(given, "IndexName") else { return };
        let limits = self.limits.entry(name.to_owned()).or_default();
        if let Some(given) = given.get("OnDemandThroughput").and_then(Value::as_object) {
            let unlimited = || json!({ "MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1 });
            let on_demand = limits.on_demand.get_or_insert_with(unlimited);
            for (name, value) in given {
                set(on_demand, name, value.clone());
            }
        }
    }
}

pub(super) fn remove(object: &mut Value, name: &str) {
    if let Some(members) = object.as_object_mut() {
        members.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warm(reads: u64, writes: u64) -> Value {
        Warm { reads, writes }.shown(false)
    }

    #[test]
    fn default_warm_throughput_follows_from_the_billing_mode() {
        let capacity = json!({"ReadCapacityUnits": 7, "WriteCapacityUnits": 5});
        let index = json!({"IndexName": "i", "ProvisionedThroughput": capacity});
        let mut table = json!({"ProvisionedThroughput": capacity, "GlobalSecondaryIndexes": [index]});
        Settings::default().show(&mut table);
        assert_eq!(table["WarmThroughput"], warm(7, 5));
        assert_eq!(table["GlobalSecondaryIndexes"][0]["WarmThroughput"], warm(7, 5));
        set(&mut table, "BillingModeSummary", json!({"BillingMode": "PAY_PER_REQUEST"}));
        Settings { warm: Warm { reads: 20_000, writes: 1 }, ..Settings::default() }.show(&mut table);
        assert_eq!(table["WarmThroughput"], warm(20_000, 4_000));
        assert_eq!(table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"], 0);
    }

    #[test]
    fn a_restored_index_retains_its_maxima_and_has_the_default_warm_throughput() {
        let copied = json!({"MaxReadRequestUnits": 9, "MaxWriteRequestUnits": 9});
        let index = json!({"IndexName": "i", "OnDemandThroughput": copied, "WarmThroughput": warm(30, 30)});
        let settings = Settings { is_restored: true, ..Settings::default() };
        let mut table = json!({"GlobalSecondaryIndexes": [index]});
        settings.show(&mut table);
        let index = &table["GlobalSecondaryIndexes"][0];
        assert_eq!((&index["OnDemandThroughput"], &index["WarmThroughput"]), (&copied, &warm(0, 0)));
    }

    #[test]
    fn the_maxima_given_for_an_index_are_merged_with_its_existing_ones() {
        let index = json!({"IndexName": "i"});
        let mut settings = Settings::default();
        settings.note_index(&json!({"IndexName": "i", "OnDemandThroughput": {"MaxReadRequestUnits": 5}}));
        let mut table = json!({"GlobalSecondaryIndexes": [index]});
        settings.show(&mut table);
        let given = json!({"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": -1});
        assert_eq!(table["GlobalSecondaryIndexes"][0]["OnDemandThroughput"], given);
    }

    #[test]
    fn warm_throughput_shows_the_old_values_until_the_increase_is_done() {
        let mut state = State::default();
        let index = json!({"IndexName": "i", "WarmThroughput": {"ReadUnitsPerSecond": 1}});
        let table = json!({"TableName": "t", "TableId": "1", "GlobalSecondaryIndexes": [index]});
        let warm = |reads| Warm { reads, writes: 0 };
        let mut shown = || {
            let mut table = table.clone();
            let settings = state.settings(&table);
            if settings.warm == Warm::default() && settings.warming.is_none() {
                settings.begin_warming(Some(warm(9)), HashMap::new(), 3);
                settings.begin_warming(None, [("i".to_owned(), warm(7))].into(), 1);
            }
            settings.show(&mut table);
            settings.poll(&mut table);
            let of = |at: &str| {
                let warm = table.pointer(at).unwrap();
                (warm["ReadUnitsPerSecond"].as_u64().unwrap(), warm["Status"].as_str().unwrap().to_owned())
            };
            (of("/WarmThroughput"), of("/GlobalSecondaryIndexes/0/WarmThroughput"))
        };
        let of = |reads: u64, status: &str| (reads, status.to_owned());
        assert_eq!(shown(), (of(0, "UPDATING"), of(1, "UPDATING")));
        assert_eq!(shown(), (of(9, "ACTIVE"), of(7, "ACTIVE")));
    }

    #[test]
    fn a_later_table_of_the_same_name_starts_without_settings() {
        let mut state = State::default();
        let table = |id: &str| json!({"TableName": "t", "TableId": id});
        state.settings(&table("1")).recovery_days = Some(7);
        assert_eq!(state.settings(&table("1")).recovery_days, Some(7));
        assert_eq!(state.settings(&table("2")).recovery_days, None);
    }
}
