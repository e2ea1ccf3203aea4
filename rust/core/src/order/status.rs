//! Where an order is in its life, and what may follow.

use serde::{Deserialize, Serialize};

/// Where an order is in its life: Alpaca's statuses, and [`OrderStatus::Refused`] of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderStatus {
    /// Passed the risk checks and is on its way to the venue.
    PendingNew,
    /// Works at the venue.
    New,
    /// Works at the venue, partly filled.
    PartiallyFilled,
    /// A cancel is on its way.
    PendingCancel,
    /// A replace is on its way.
    PendingReplace,
    /// Completely filled.
    Filled,
    /// Canceled.
    Canceled,
    /// Its time in force ran out.
    Expired,
    /// Refused by the venue.
    Rejected,
    /// Refused by our own risk checks; it never left.
    Refused,
    /// Its replacement works instead.
    Replaced,
    /// The broker has it and has not given it to the venue yet, as between sessions.
    Accepted,
    /// A leg that waits for its parent.
    Held,
    /// Done for today; it works again in the next session.
    DoneForDay,
    /// A trade is guaranteed, usually at a stated price, and has not happened yet.
    Stopped,
    /// Not eligible for trading at present.
    Suspended,
    /// Done for the day, while its settlement is being worked out.
    Calculated,
    /// The broker looks at it before it goes on.
    PendingReview,
    /// The exchange has it for an auction of prices.
    AcceptedForBidding,
}

/// What happens to a live order, leaving aside our own requests and quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Review,
    Accept,
    Bid,
    Hold,
    Work,
    Trade,
    DoneForDay,
    Stop,
    Suspend,
    Calculate,
    Cancel,
    Expire,
    Reject,
}

impl OrderStatus {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::PendingNew,
        Self::New,
        Self::PartiallyFilled,
        Self::PendingCancel,
        Self::PendingReplace,
        Self::Filled,
        Self::Canceled,
        Self::Expired,
        Self::Rejected,
        Self::Refused,
        Self::Replaced,
        Self::Accepted,
        Self::Held,
        Self::DoneForDay,
        Self::Stopped,
        Self::Suspended,
        Self::Calculated,
        Self::PendingReview,
        Self::AcceptedForBidding,
    ];

    /// Name in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PendingNew => "pending_new",
            Self::New => "new",
            Self::PartiallyFilled => "partially_filled",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
            Self::Refused => "refused",
            Self::Replaced => "replaced",
            Self::Accepted => "accepted",
            Self::Held => "held",
            Self::DoneForDay => "done_for_day",
            Self::Stopped => "stopped",
            Self::Suspended => "suspended",
            Self::Calculated => "calculated",
            Self::PendingReview => "pending_review",
            Self::AcceptedForBidding => "accepted_for_bidding",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// True when nothing can happen to the order any more.
    #[inline]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Canceled | Self::Expired | Self::Rejected | Self::Refused | Self::Replaced)
    }

    /// True where it may trade.
    #[inline]
    pub const fn is_working(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled | Self::Stopped)
    }

    /// The status after `step`, `working` being what a working order of its fills is called; `None` where it cannot happen.
    #[inline]
    pub(super) const fn after(self, step: Step, working: Self) -> Option<Self> {
        use Step as T;
        let next = match (self, step) {
            (Self::PendingNew, T::Review) => Self::PendingReview,
            (Self::PendingNew | Self::PendingReview | Self::Held | Self::DoneForDay, T::Accept) => Self::Accepted,
            (Self::Accepted, T::Bid) => Self::AcceptedForBidding,
            (Self::PendingNew | Self::Accepted, T::Hold) => Self::Held,
            (
                Self::PendingNew
                | Self::PendingReview
                | Self::Accepted
                | Self::AcceptedForBidding
                | Self::Held
                | Self::DoneForDay
                | Self::Suspended
                | Self::Calculated,
                T::Work,
            )
            | (
                Self::PendingNew | Self::Accepted | Self::AcceptedForBidding | Self::New | Self::PartiallyFilled | Self::Stopped,
                T::Trade,
            ) => working,
            (Self::New | Self::PartiallyFilled | Self::Stopped | Self::Calculated, T::DoneForDay) => Self::DoneForDay,
            (Self::Accepted | Self::New | Self::PartiallyFilled, T::Stop) => Self::Stopped,
            (Self::PendingNew | Self::Accepted | Self::New | Self::PartiallyFilled, T::Suspend) => Self::Suspended,
            (Self::New | Self::PartiallyFilled | Self::Stopped | Self::DoneForDay, T::Calculate) => Self::Calculated,
            (s, T::Cancel) if !s.is_terminal() => Self::Canceled,
            (s, T::Expire) if !s.is_terminal() => Self::Expired,
            (
                Self::PendingNew
                | Self::PendingReview
                | Self::Accepted
                | Self::AcceptedForBidding
                | Self::Held
                | Self::New
                | Self::Suspended,
                T::Reject,
            ) => Self::Rejected,
            _ => return None,
        };
        Some(next)
    }
}
