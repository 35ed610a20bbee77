//! What a plan is compared with where that is not the server itself.

use chrono::{DateTime, TimeDelta, Utc};

use super::TextOptions;
use super::page::{Page, Piece};
use crate::report::style::Style;
use crate::report::timestamp::timestamp;

/// Says that a plan was made from a saved snapshot, and how old that is. It stands above the plan.
#[must_use]
pub fn render_against(file: &str, taken_at: DateTime<Utc>, now: DateTime<Utc>, options: &TextOptions) -> String {
    let mut page = Page::new(options);
    let taken = format!("taken {}, {}; no server was asked", timestamp(taken_at), age(now - taken_at));
    page.line(
        0,
        [
            Piece::new("Compared with a snapshot:", Style::Heading),
            Piece::next(format!("{file},"), Style::Plain),
            Piece::next(taken, Style::Dim).flowing(),
        ],
    );
    page.blank();
    page.finish()
}

/// `3 days ago`, in the largest unit of which there are at least two.
fn age(age: TimeDelta) -> String {
    let units = [(age.num_days(), "days"), (age.num_hours(), "hours"), (age.num_minutes(), "minutes")];
    if age < TimeDelta::zero() {
        return "later than the time that the plan is judged by".to_owned();
    }
    match units.into_iter().find(|(count, _)| *count >= 2) {
        Some((count, unit)) => format!("{count} {unit} ago"),
        None => format!("{} seconds ago", age.num_seconds()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{age, render_against};
    use crate::report::text::TextOptions;

    #[test]
    fn ages_are_told_in_a_unit_that_fits() {
        for (seconds, expected) in [
            (0, "0 seconds ago"),
            (119, "119 seconds ago"),
            (120, "2 minutes ago"),
            (7_199, "119 minutes ago"),
            (7_200, "2 hours ago"),
            (86_400 * 2 - 1, "47 hours ago"),
            (86_400 * 3, "3 days ago"),
            (-1, "later than the time that the plan is judged by"),
        ] {
            assert_eq!(age(TimeDelta::seconds(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn the_file_cannot_steer_the_terminal() {
        let (taken, now) = ("2026-11-17T12:00:00Z".parse().unwrap(), "2026-11-20T12:00:00Z".parse().unwrap());
        let text = render_against("hq\u{1b}[2K.snapshot", taken, now, &TextOptions::default());
        assert_eq!(
            text,
            "Compared with a snapshot: hq\\u001b[2K.snapshot, taken 2026-11-17T12:00:00Z, 3 days ago; no server was asked\n\n"
        );
    }
}
