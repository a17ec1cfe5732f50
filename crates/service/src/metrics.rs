//! Counters, and how Prometheus reads them (text format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use openras_api::types::call::CallDirection;
use openras_nat::Dropped;
use openras_ppp::Stats;

use crate::service::Shared;

/// What is counted while calls run. Names of modules and limits are the service's own, so the maps have a bound.
#[derive(Default)]
pub(crate) struct Counters {
    answered: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    /// Readers of events that were too slow.
    readers_lost: AtomicU64,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// Ended calls by RAS number; 0 is an orderly end.
    ended: BTreeMap<u32, u64>,
    turned_away: BTreeMap<&'static str, u64>,
    /// Callbacks that were not granted, by reason.
    callbacks: BTreeMap<&'static str, u64>,
    /// By module and verdict.
    dialogs: BTreeMap<(String, &'static str), u64>,
    /// Of ended calls.
    traffic: [u64; 4],
}

impl Counters {
    /// A call was answered.
    pub(crate) fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// A reader of events was too slow.
    pub(crate) fn reader_lost(&self) {
        self.readers_lost.fetch_add(1, Ordering::Relaxed);
    }

    /// A password was right.
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// A claim was refused.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A caller found no room.
    pub(crate) fn turned_away(&self, limit: &'static str) {
        *self.table().turned_away.entry(limit).or_default() += 1;
    }

    /// A callback was not granted.
    pub(crate) fn callback_refused(&self, reason: &'static str) {
        *self.table().callbacks.entry(reason).or_default() += 1;
    }

    /// A module's dialog came to this.
    pub(crate) fn dialog(&self, module: &str, verdict: &'static str) {
        *self.table().dialogs.entry((module.to_owned(), verdict)).or_default() += 1;
    }

    /// A call is over.
    pub(crate) fn ended(&self, error: u32, stats: &Stats) {
        let mut table = self.table();
        *table.ended.entry(error).or_default() += 1;
        add(&mut table.traffic, stats);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything, as text.
pub(crate) fn text(shared: &Shared) -> String {
    let mut page = Page(String::new());
    ports(&mut page, shared);
    calls(&mut page, shared);
    admission(&mut page, shared);
    traffic(&mut page, shared);
    nat(&mut page, shared);
    tun(&mut page, shared);
    let uptime = shared.since.elapsed().as_secs();
    page.one("openras_uptime_seconds", "gauge", "Seconds since the service started.", uptime);
    let (written, lost) = shared.audit().map(|audit| audit.counts()).unwrap_or_default();
    page.one("openras_audit_records_total", "counter", "Audit records written.", written);
    page.one("openras_audit_errors_total", "counter", "Audit records that could not be written.", lost);
    let readers = shared.counters.readers_lost.load(Ordering::Relaxed);
    let help = "Times a reader of events was too slow and lost some.";
    page.one("openras_event_readers_lost_total", "counter", help, readers);
    page.0
}

fn ports(page: &mut Page, shared: &Shared) {
    let census = shared.doors.census();
    let mut conditions: BTreeMap<&str, u64> = BTreeMap::new();
    for condition in &census.conditions {
        *conditions.entry(condition).or_default() += 1;
    }
    page.head("openras_ports", "gauge", "Ports by condition.");
    for (condition, count) in conditions {
        page.line("openras_ports", &[("condition", condition)], count);
    }
}

fn calls(page: &mut Page, shared: &Shared) {
    let answered = shared.counters.answered.load(Ordering::Relaxed);
    page.one("openras_calls_answered_total", "counter", "Calls that came in.", answered);
    let running =
        shared.calls.list().into_iter().map(|story| story.info()).filter(|call| call.over.is_none());
    let dialled = running.filter(|call| call.direction == CallDirection::Dialled).count();
    page.one("openras_connections", "gauge", "Dialled connections that run.", dialled as u64);
    page.one("openras_calls", "gauge", "Calls that run.", shared.calls.running() as u64);
    let table = shared.counters.table();
    let name = "openras_calls_ended_total";
    page.head(name, "counter", "Answered calls that ended, by RAS number; 0 is an orderly end.");
    for (error, count) in &table.ended {
        page.line(name, &[("error", &error.to_string())], *count);
    }
    let name = "openras_calls_turned_away_total";
    page.head(name, "counter", "Calls that found no room, by limit.");
    for (limit, count) in &table.turned_away {
        page.line(name, &[("limit", limit)], *count);
    }
}

fn admission(page: &mut Page, shared: &Shared) {
    let name = "openras_modem_refused_total";
    page.head(name, "counter", "Dials of played modems that led nowhere, by reason.");
    for (reason, count) in shared.virtual_modems.refused() {
        page.line(name, &[("reason", reason)], count);
    }
    let now = shared.limits.unauthenticated() as u64;
    page.one("openras_unauthenticated", "gauge", "Callers that have not authenticated yet.", now);
    let name = "openras_claims_total";
    page.head(name, "counter", "Passwords checked, by verdict.");
    let counters = &shared.counters;
    for (verdict, count) in [("accepted", &counters.accepted), ("refused", &counters.refused)] {
        page.line(name, &[("verdict", verdict)], count.load(Ordering::Relaxed));
    }
    let table = counters.table();
    let name = "openras_callbacks_refused_total";
    page.head(name, "counter", "Callbacks that were not granted, by reason.");
    for (reason, count) in &table.callbacks {
        page.line(name, &[("reason", reason)], *count);
    }
    let name = "openras_dialogs_total";
    page.head(name, "counter", "Security dialogs, by module and verdict.");
    for ((module, verdict), count) in &table.dialogs {
        page.line(name, &[("module", module), ("verdict", verdict)], *count);
    }
    let failures = table.dialogs.iter().filter(|((_, verdict), _)| *verdict == "error").map(|(_, n)| n).sum();
    drop(table);
    page.one("openras_module_failures_total", "counter", "Dialogs that ended with an error.", failures);
}

fn traffic(page: &mut Page, shared: &Shared) {
    let mut totals = shared.counters.table().traffic;
    for stats in shared.doors.running() {
        add(&mut totals, &stats);
    }
    let [bytes_in, bytes_out, frames_in, frames_out] = totals;
    for (name, help, taken, given) in [
        ("openras_octets_total", "Bytes on the ports' lines, by direction.", bytes_in, bytes_out),
        ("openras_frames_total", "PPP frames on the ports' lines, by direction.", frames_in, frames_out),
    ] {
        page.head(name, "counter", help);
        page.line(name, &[("direction", "received")], taken);
        page.line(name, &[("direction", "sent")], given);
    }
}

/// Of all calls behind a NAT, those that run included.
fn nat(page: &mut Page, shared: &Shared) {
    let stats = shared.networks.totals();
    for (name, help, counts) in [
        (
            "openras_nat_packets_total",
            "IP packets of callers behind the NAT, by direction.",
            [("received", stats.packets_in), ("sent", stats.packets_out)],
        ),
        (
            "openras_nat_octets_total",
            "Their octets, by direction.",
            [("received", stats.bytes_in), ("sent", stats.bytes_out)],
        ),
    ] {
        page.head(name, "counter", help);
        counts.iter().for_each(|(direction, count)| page.line(name, &[("direction", direction)], *count));
    }
    let name = "openras_nat_flows_total";
    page.head(name, "counter", "Flows that began behind the NAT, by kind.");
    let kinds = [
        ("tcp", stats.streams),
        ("udp", stats.mappings),
        ("ping", stats.pings),
        ("question", stats.questions),
    ];
    kinds.iter().for_each(|(kind, count)| page.line(name, &[("kind", kind)], *count));
    let name = "openras_nat_dropped_total";
    page.head(name, "counter", "Packets and flows the NAT dropped, by reason.");
    for why in Dropped::ALL {
        page.line(name, &[("reason", why.name())], stats.dropped(why));
    }
    nat_by_port(page, shared);
}

/// Of the ports' network devices.
fn tun(page: &mut Page, shared: &Shared) {
    let devices = shared.networks.devices();
    let packets = "openras_tun_packets_total";
    page.head(packets, "counter", "IP packets of callers over network devices, by device and direction.");
    for (device, counted) in &devices {
        page.line(packets, &[("device", device), ("direction", "received")], counted.sent);
        page.line(packets, &[("device", device), ("direction", "sent")], counted.given);
    }
    let octets = "openras_tun_octets_total";
    page.head(octets, "counter", "Their octets, by device and direction.");
    for (device, counted) in &devices {
        page.line(octets, &[("device", device), ("direction", "received")], counted.sent_octets);
        page.line(octets, &[("device", device), ("direction", "sent")], counted.given_octets);
    }
    let dropped = "openras_tun_dropped_total";
    page.head(dropped, "counter", "Packets that did not go over network devices, by device and reason.");
    for (device, counted) in &devices {
        let reasons = [
            ("source", counted.forged),
            ("reach", counted.closed),
            ("link", counted.link),
            ("size", counted.long),
            ("full", counted.lost),
            ("nobody", counted.unknown),
        ];
        reasons
            .iter()
            .for_each(|(why, count)| page.line(dropped, &[("device", device), ("reason", why)], *count));
    }
}

/// What is open and what was dropped, by port.
fn nat_by_port(page: &mut Page, shared: &Shared) {
    let ports = shared.networks.by_port();
    let name = "openras_nat_open_flows";
    page.head(name, "gauge", "Flows open behind the NAT, by port and kind.");
    for (port, counted) in &ports {
        let open = counted.open;
        let kinds = [
            ("tcp", open.streams),
            ("udp", open.mappings),
            ("ping", open.pings),
            ("question", open.questions),
        ];
        kinds.iter().for_each(|(kind, count)| page.line(name, &[("port", port), ("kind", kind)], *count));
    }
    let name = "openras_nat_port_dropped_total";
    page.head(name, "counter", "Packets and flows the NAT dropped, by port and reason, where it did.");
    for (port, counted) in &ports {
        let dropped = Dropped::ALL.into_iter().map(|why| (why.name(), counted.stats.dropped(why)));
        let happened = dropped.filter(|(_, count)| *count > 0);
        happened.for_each(|(why, count)| page.line(name, &[("port", port), ("reason", why)], count));
    }
}

fn add(totals: &mut [u64; 4], stats: &Stats) {
    let of_call = [stats.bytes_received, stats.bytes_sent, stats.frames_received, stats.frames_sent];
    totals.iter_mut().zip(of_call).for_each(|(total, count)| *total = total.wrapping_add(count));
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, text)| format!("{key}=\"{}\"", label(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        self.line(name, &[], value);
    }
}

/// A label's value: backslash, quote and line end are escaped, and nothing else needs to be.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut page = Page(String::new());
        page.line("a_total", &[("x", "a\"b\\c\nd"), ("y", "z")], 3);
        assert_eq!(page.0, "a_total{x=\"a\\\"b\\\\c\\nd\",y=\"z\"} 3\n");
    }
}
