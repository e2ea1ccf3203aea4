//! Pages of Alpaca's history, as its REST interface gives them.
//!
//! `{"bars": {"AAPL": [{"t": …}, …]}, "next_page_token": "…"}`, the same with `quotes` or `trades`, for stocks and crypto; the
//! shape for one symbol, `{"bars": […], "symbol": "AAPL"}`; and `{"news": […]}`. Rows are those of the stream without `T` and `S`.

use super::json::Json;
use super::sink::{Scratch, Sink, Skipped};
use super::ticks::{self, Length};
use super::timeframe::Timeframe;
use super::wire::{END, LONG, Reader, Scan, code, malformed};
use super::{Malformed, end_of_frame, notices, rows, stamp_all};
use crate::feeds::{Batches, Control, Decoder, QualityPolicy};
use crate::types::{InstrumentId, Result, Timestamp};

/// Decodes pages of history, each a whole JSON body.
///
/// After each page [`Decoder::take_controls`] gives a [`Control::NextPage`] with its token. A malformed row is dropped or refuses
/// the page, as the policy says; a page that is no such page is malformed as a whole.
#[derive(Debug)]
pub struct AlpacaHistory {
    timeframe: Timeframe,
    policy: QualityPolicy,
    scratch: Scratch,
    controls: Vec<Control>,
    skipped: Skipped,
    pages: u64,
}

impl AlpacaHistory {
    /// A decoder of pages; bars last for `timeframe`, as the request for them said.
    pub fn new(timeframe: Timeframe, policy: QualityPolicy) -> Self {
        Self { timeframe, policy, scratch: Scratch::default(), controls: Vec::new(), skipped: Skipped::default(), pages: 0 }
    }
}

/// What the rows of a page are.
#[derive(Clone, Copy)]
enum Rows {
    Bars(Timeframe),
    Quotes,
    Trades,
    News,
}

/// A page on its way through.
struct Page<'p, 's> {
    sink: Sink<'s>,
    fault: Malformed<'p>,
    refusal: Option<crate::types::Error>,
}

impl Page<'_, '_> {
    fn read<'a>(&mut self, r: &mut Json<'a>, timeframe: Timeframe) -> Scan<Option<String>> {
        const BARS: u64 = code(b"bars");
        const QUOTES: u64 = code(b"quotes");
        const TRADES: u64 = code(b"trades");
        const NEWS: u64 = code(b"news");
        const SYMBOL: u64 = code(b"symbol");
        const CURRENCY: u64 = code(b"currency");
        let mut left = r.map()?;
        let (mut token, mut symbol, mut seen) = (None, None, false);
        // Rows of one symbol that came before its name.
        let mut waiting: Option<(Rows, Json<'a>)> = None;
        loop {
            let what = match r.key(&mut left)? {
                END => break,
                BARS => Rows::Bars(timeframe),
                QUOTES => Rows::Quotes,
                TRADES => Rows::Trades,
                NEWS => Rows::News,
                SYMBOL => {
                    symbol = Some(self.sink.symbol(r)?);
                    continue;
                }
                LONG if r.long_key() == b"next_page_token" => {
                    token = if r.null() { None } else { Some(self.sink.string(r)?) };
                    continue;
                }
                CURRENCY => {
                    r.skip()?;
                    continue;
                }
                _ => {
                    self.sink.skipped.keys += 1;
                    r.skip()?;
                    continue;
                }
            };
            seen = true;
            if r.null() {
                continue;
            }
            if matches!(what, Rows::News) || (r.is_list() && symbol.is_some()) {
                self.rows(r, what, symbol)?;
            } else if r.is_list() {
                waiting = Some((what, *r));
                r.skip()?;
            } else {
                self.symbols(r, what)?;
            }
            if self.refusal.is_some() {
                return Ok(None);
            }
        }
        if let Some((what, mut from)) = waiting {
            if symbol.is_none() {
                return malformed(r.at(), "before here, a page with symbol, since its rows have none");
            }
            self.rows(&mut from, what, symbol)?;
        }
        if !seen {
            return malformed(r.at(), "before here, a page with bars, quotes, trades or news");
        }
        end_of_frame(r)?;
        Ok(token.filter(|t: &String| !t.is_empty()))
    }

    /// `{"AAPL": […], …}`.
    fn symbols(&mut self, r: &mut Json<'_>, what: Rows) -> Scan<()> {
        let mut left = r.map()?;
        loop {
            let at = r.at();
            // Not by `key`: the name itself is wanted.
            if !r.more_names(&mut left)? {
                return Ok(());
            }
            let symbol = self.sink.symbol(r)?;
            r.colon()?;
            if r.null() {
                continue;
            }
            if !r.is_list() {
                return malformed(at, "a symbol with its list of rows");
            }
            self.rows(r, what, Some(symbol))?;
            if self.refusal.is_some() {
                return Ok(());
            }
        }
    }

    fn rows(&mut self, r: &mut Json<'_>, what: Rows, symbol: Option<InstrumentId>) -> Scan<()> {
        let mut list = r.list()?;
        while r.more(&mut list)? {
            self.sink.out.report.rows += 1;
            if r.null() {
                continue;
            }
            let start = *r;
            if let Err(stop) = self.row(r, what, symbol) {
                if let Err(error) = self.fault.judge(stop, self.sink.out) {
                    self.refusal = Some(error);
                    return Ok(());
                }
                *r = start;
                r.skip()?;
            }
        }
        Ok(())
    }

    fn row(&mut self, r: &mut Json<'_>, what: Rows, symbol: Option<InstrumentId>) -> Scan<()> {
        let left = r.map()?;
        match what {
            Rows::Bars(timeframe) => ticks::bar(r, left, symbol, Length::Of(timeframe), &mut self.sink),
            Rows::Quotes => ticks::quote(r, left, symbol, &mut self.sink),
            Rows::Trades => ticks::trade(r, left, symbol, &mut self.sink),
            Rows::News => notices::news(r, left, &mut self.sink),
        }
    }
}

impl Decoder for AlpacaHistory {
    fn name(&self) -> &'static str {
        "alpaca history"
    }

    fn push(&mut self, bytes: &[u8], recv: Option<Timestamp>, out: &mut Batches) -> Result<()> {
        self.pages += 1;
        let before = rows(out);
        let events = out.news.len() + before.iter().sum::<usize>();
        let mut page = Page {
            sink: Sink {
                out,
                scratch: &mut self.scratch,
                controls: &mut self.controls,
                skipped: &mut self.skipped,
                recv: None, // history is known at its own time
                settled: true,
            },
            fault: Malformed { policy: &self.policy, frame: self.pages },
            refusal: None,
        };
        let outcome = page.read(&mut Json::new(bytes), self.timeframe);
        let outcome = match (page.refusal.take(), outcome) {
            (Some(error), _) => Err(error),
            (None, Ok(token)) => {
                page.sink.controls.clear(); // of tokens that nobody asked for only the last is of use
                page.sink.control(Control::NextPage(token));
                Ok(())
            }
            (None, Err(stop)) => page.fault.judge(stop, page.sink.out),
        };
        out.report.events += (out.news.len() + rows(out).iter().sum::<usize>() - events) as u64;
        stamp_all(out, before, recv);
        outcome
    }

    fn is_byte_stream(&self) -> bool {
        false
    }

    fn take_controls(&mut self) -> Vec<Control> {
        std::mem::take(&mut self.controls)
    }

    fn counts(&self) -> Vec<(String, u64)> {
        self.skipped.counts()
    }
}
