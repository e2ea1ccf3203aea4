//! What worlds have seen, counted.

macro_rules! tally {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Counts of one world, or of many.
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Tally {
            $($(#[$doc])* pub(crate) $name: u64,)+
        }

        impl Tally {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

tally! {
    orders,
    fills,
    crashes,
    power_losses,
    /// Orderly ends, each followed by a start.
    stops,
    cuts,
    halts,
    /// Messages that cannot be read, in frames and among trade updates.
    malformed,
    doubled,
    refused,
    /// Requests whose answer never came.
    in_doubt,
    /// Orders that never arrived, found at a start.
    absent,
    /// Orders given up because they were too old to be sent.
    given_up,
    /// Questions about single orders.
    asked,
    /// Records of single orders that were not taken: a request about the order was under way.
    asked_not_quiet,
    reconciled,
    /// Of these, begun while requests were under way.
    reconciled_under_way,
    /// Rows of a reconciliation that were not taken: a request about the order was under way.
    rows_not_quiet,
    /// Reconciliations that broke off.
    broken_off,
    /// Comparisons of positions that differed at first.
    differed,
    /// The same difference twice: `SAFE_MODE`.
    alarms,
}
