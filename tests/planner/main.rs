//! The planner as its callers use it: `scope`, `resolve`, `plan` and `simulate` together, sentence by sentence of what
//! declaring means. No test calls internals.

#![allow(clippy::unwrap_used)]

mod approvals;
mod articles;
mod check;
mod decline_selectors;
mod declines;
mod desired;
mod downstream_servers;
mod errors;
mod export;
mod groups;
mod guards;
mod impact;
mod memberships;
mod modes;
mod numbers;
mod properties;
mod prune;
mod refresh;
mod rules;
mod selectors;
mod settings;
mod snapshot;
mod unsupported;
mod world;
mod yaml;
