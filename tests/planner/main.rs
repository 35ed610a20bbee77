//! The planner as its callers use it: `scope`, `resolve`, `plan` and `simulate` together, sentence by sentence of what
//! declaring means. No test calls internals.

#![allow(clippy::unwrap_used)]

mod approvals;
mod articles;
mod check;
mod database_roles;
mod decline_selectors;
mod declines;
mod desired;
mod downstream_servers;
mod errors;
mod export;
mod groups;
mod guards;
mod identity;
mod impact;
mod memberships;
mod modes;
mod notifications;
mod numbers;
mod properties;
mod prune;
mod refresh;
mod rule_run;
mod rules;
mod saved;
mod selectors;
mod settings;
mod snapshot;
mod unsupported;
mod world;
mod yaml;
