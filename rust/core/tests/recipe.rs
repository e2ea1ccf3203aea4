//! The recipe for a new source in docs/recipes.md: its code is here, compiled and run, and the page shows the same.

use tickwright_core::feeds::{Batches, Decoder};
use tickwright_core::types::Timestamp;

// recipe: begin
use tickwright_core::event::Trade;
use tickwright_core::feeds::{Fault, QualityPolicy};
use tickwright_core::types::{Price, Qty, Result};

/// Prints of a venue: `nanoseconds,symbol,price,size`, one a message.
pub struct PrintsDecoder {
    policy: QualityPolicy,
    messages: u64,
}

impl PrintsDecoder {
    /// A decoder that does with faulty messages as `policy` says.
    pub fn new(policy: QualityPolicy) -> Self {
        Self { policy, messages: 0 }
    }
}

impl Decoder for PrintsDecoder {
    fn name(&self) -> &'static str {
        "prints"
    }

    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        self.messages += 1;
        out.report.rows += 1;
        if let Some(trade) = parse(bytes, out) {
            out.trades.push(trade);
            if let Some(recv) = recv {
                out.trades.recv.push(recv); // an optional column: all rows or none
            }
            out.report.events += 1;
        } else {
            let place = || format!("prints message {}: {:?}", self.messages, String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
            out.report.judge(&self.policy, Fault::Malformed, place)?;
        }
        Ok(())
    }

    fn is_byte_stream(&self) -> bool {
        false // whole messages; true where bytes may be cut anywhere
    }
}

fn parse(bytes: &[u8], out: &mut Batches) -> Option<Trade> {
    let mut fields = std::str::from_utf8(bytes).ok()?.trim_end().split(',');
    let ts = Timestamp::from_nanos(fields.next()?.parse().ok()?);
    let instrument = out.instruments.intern(fields.next()?).ok()?;
    let price = Price::parse(fields.next()?.as_bytes()).ok()?; // exact, or refused
    let size = Qty::parse(fields.next()?.as_bytes()).ok()?;
    fields.next().is_none().then_some(Trade { ts, instrument, price, size, flags: 0 })
}
// recipe: end

#[test]
fn the_recipe_decodes_what_is_sound_and_counts_what_is_not() {
    use tickwright_core::feeds::Policy;
    let mut policy = QualityPolicy::default();
    policy.set(Fault::Malformed, Policy::Drop);
    let (mut decoder, mut out) = (PrintsDecoder::new(policy), Batches::default());
    for message in ["1000,BAC,33.91,100", "2000,BAC,33.92,200\n", "3000,BAC,33.9200000001,1", "x", "4000,BAC,1,2,3", ""] {
        decoder.push(message.as_bytes(), Some(Timestamp::from_nanos(5_000)), &mut out).unwrap();
    }
    assert_eq!(out.trades.price, [Price::parse(b"33.91").unwrap(), Price::parse(b"33.92").unwrap()]);
    assert_eq!((out.report.rows, out.report.events, out.report.dropped(Fault::Malformed)), (6, 2, 4));
    assert!(out.trades.is_even());
    let mut strict = PrintsDecoder::new(QualityPolicy::default());
    assert!(strict.push(b"x", None, &mut out).unwrap_err().to_string().contains("prints message 1"));
    assert!(!strict.is_byte_stream());
}

#[test]
fn the_page_shows_the_code_that_is_tested_here() {
    let page = include_str!("../../../docs/recipes.md");
    let source = include_str!("recipe.rs");
    let code = source.split("// recipe: begin\n").nth(1).and_then(|rest| rest.split("// recipe: end").next()).unwrap();
    let shown = page.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(
        shown.trim(),
        code.replace("tickwright_core::", "crate::")
            .replace("use crate::feeds::{Fault,", "use crate::feeds::{Batches, Decoder, Fault,")
            .replace("{Price, Qty, Result}", "{Price, Qty, Result, Timestamp}")
            .trim()
    );
}
