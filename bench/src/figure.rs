//! Figures over rounds, and how they are written.

use trials::storm::grouped;

/// The median of the rounds, and how far they are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Figure {
    /// Of one value for each round; `None` if there is none.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let median = match sorted.len() {
            0 => return None,
            count if count % 2 == 1 => sorted[count / 2],
            count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        };
        // The quartiles: the extremes of many rounds say more about the machine than about what is measured.
        let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        Some(Self { median, low: at(0.25), high: at(0.75) })
    }

    /// The median as a time, with the quartiles.
    pub(crate) fn time(self) -> String {
        format!("{} ({} … {})", time(self.median), time(self.low), time(self.high))
    }
}

/// A span of nanoseconds, as a person writes it.
pub(crate) fn time(nanos: f64) -> String {
    let (value, unit) = match nanos {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", number(value))
}

/// A number with three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => grouped(format_args!("{value:.0}")),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A ratio.
pub(crate) fn ratio(value: f64) -> String {
    if value < 9.995 { format!("{value:.2}×") } else { format!("{}×", number(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_rounds() {
        assert_eq!(Figure::of(&[]), None);
        assert_eq!(Figure::of(&[3.0, 1.0, 2.0]).unwrap().median, 2.0);
        assert_eq!(Figure::of(&[4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        let five = Figure::of(&[5.0, 1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!((five.low, five.high), (2.0, 4.0));
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(time(12.34), "12.3 ns");
        assert_eq!(time(1_234.0), "1.23 µs");
        assert_eq!(time(250_000_000.0), "250 ms");
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(ratio(1.149), "1.15×");
    }
}
