//! `[group.NAME]` from its TOML.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::table::Table;
use super::{Place, Reader};
use crate::config::group::GroupConfig;

impl<'i> Reader<'i> {
    /// Every `[group.NAME]`.
    pub(super) fn groups(
        &mut self,
        tables: Vec<(Spanned<String>, Spanned<DeValue<'i>>)>,
    ) -> BTreeMap<String, GroupConfig> {
        let mut groups = BTreeMap::new();
        for (name, value) in tables {
            let (span, at) = (value.span(), name.span());
            let name = name.into_inner();
            let DeValue::Table(tree) = value.into_inner() else {
                let remedy = format!("Write [group.{}]", name.escape_debug());
                self.problem(&span, format!("group.{} is not a table", name.escape_debug()), remedy);
                continue;
            };
            self.spans.insert(Place::Group(name.clone(), "", None), at.clone());
            let of = name.clone();
            let place = move |key| Place::Group(of.clone(), key, None);
            let mut table = Table::new(Spanned::new(at, tree), "[group.NAME]", place);
            let users = table.require_list(self, "users", "Write users = [\"alice\", \"bob\"]");
            let reach = table.require_list(self, "reach", "Write reach = [\"internet\"] or other words");
            table.finish(self);
            groups.insert(
                name,
                GroupConfig { users: users.unwrap_or_default(), reach: reach.unwrap_or_default() },
            );
        }
        groups
    }
}
