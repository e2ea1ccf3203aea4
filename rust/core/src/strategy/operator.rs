//! The strategy in whose name operators trade by hand.

use super::{Context, Interest, Strategy};
use crate::event::MarketEvent;
use crate::types::Result;

/// Its name.
pub const OPERATOR: &str = "operator";

/// Asks for nothing by itself: its orders are given by hand, and its position is what came of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operator;

impl Strategy for Operator {
    fn name(&self) -> &str {
        OPERATOR
    }

    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn on_market(&mut self, _: &MarketEvent, _: &mut Context<'_>) -> Result<()> {
        Ok(())
    }
}
