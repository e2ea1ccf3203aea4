//! The rules once more, as plainly as they can be said: one unsorted list of orders that is searched for everything.

use crate::matching::{
    CancelReason, Cross, Execution, Lifetime, MadeIn, MatchEvent, NewOrder, OrderKey, Participant, Phase, RejectReason, Replacement,
    Request, SelfMatch, Taking, Terms,
};
use crate::types::{Price, Qty, SCALE, Side, Timestamp};

pub(super) const TICK: i64 = SCALE / 100;

#[derive(Clone, Copy, Debug)]
struct Live {
    key: OrderKey,
    side: Side,
    left: i64,
    filled: i64,
    /// Ticks; `None` for a market order.
    limit: Option<i64>,
    stop: Option<i64>,
    life: Lifetime,
    post: bool,
    came: u64,
    /// 'b' in the book, 's' a stop, 'o', 'c', 'n' for the opening, closing, next auction.
    spot: char,
}

#[derive(Debug)]
pub(super) struct Naive {
    live: Vec<Live>,
    phase: Phase,
    policy: SelfMatch,
    clock: u64,
    trades: u64,
    last: Option<i64>,
    /// Trades since stops were looked at.
    recent: Vec<i64>,
    pub(super) reference: i64,
    out: Vec<MatchEvent>,
}

fn price(tick: i64) -> Price {
    Price::from_raw(tick * TICK)
}

fn limit_price(limit: Option<i64>) -> Price {
    limit.map_or(Price::ZERO, price)
}

fn accepts(order: &Live, tick: i64) -> bool {
    order.limit.is_none_or(|limit| if order.side == Side::Buy { tick <= limit } else { tick >= limit })
}

/// Better limits first, no limit before all, then the older.
fn by_priority(orders: &mut [Live]) {
    orders.sort_by_key(|o| {
        let worse = match (o.limit, o.side) {
            (None, _) => i64::MIN,
            (Some(limit), Side::Buy) => -limit,
            (Some(limit), Side::Sell) => limit,
        };
        (worse, o.came)
    });
}

impl Naive {
    pub(super) fn new(policy: SelfMatch) -> Self {
        Self {
            live: Vec::new(),
            phase: Phase::Closed,
            policy,
            clock: 0,
            trades: 0,
            last: None,
            recent: Vec::new(),
            reference: 0,
            out: Vec::new(),
        }
    }

    pub(super) fn take_events(&mut self) -> Vec<MatchEvent> {
        std::mem::take(&mut self.out)
    }

    fn find(&self, key: OrderKey) -> Option<usize> {
        self.live.iter().position(|o| o.key == key)
    }

    fn tick_of(price: Price) -> Result<i64, RejectReason> {
        if price.raw() > 0 && price.raw() % TICK == 0 { Ok(price.raw() / TICK) } else { Err(RejectReason::Price) }
    }

    /// Orders that `order` would meet, in order.
    fn opposite(&self, order: &Live) -> Vec<Live> {
        let mut found: Vec<Live> = self.live.iter().copied().filter(|o| o.spot == 'b' && o.side != order.side).collect();
        found.retain(|o| accepts(order, o.limit.unwrap()));
        by_priority(&mut found);
        found
    }

    pub(super) fn submit(&mut self, new: &NewOrder) {
        if let Err(reason) = self.admit(new) {
            self.out.push(MatchEvent::Rejected { order: new.key, request: Request::New, reason });
        }
    }

    fn admit(&mut self, new: &NewOrder) -> Result<(), RejectReason> {
        if new.qty.raw() <= 0 || new.qty.raw() % SCALE != 0 {
            return Err(RejectReason::Quantity);
        }
        let (limit, stop) = match new.terms {
            Terms::Market => (None, None),
            Terms::Limit(p) => (Some(Self::tick_of(p)?), None),
            Terms::Stop(p) => (None, Some(Self::tick_of(p)?)),
            Terms::StopLimit { stop, limit } => (Some(Self::tick_of(limit)?), Some(Self::tick_of(stop)?)),
        };
        let post = new.taking == Taking::Refused;
        let rests = [Lifetime::Day, Lifetime::Gtc].contains(&new.lifetime);
        if (stop.is_some() && !rests) || (post && !(rests && stop.is_none() && limit.is_some())) {
            return Err(RejectReason::Terms);
        }
        let allowed = match self.phase {
            Phase::Closed => false,
            Phase::PreOpen | Phase::OpeningAuction => ![Lifetime::Ioc, Lifetime::Fok].contains(&new.lifetime),
            Phase::Continuous => new.lifetime != Lifetime::Opg,
            _ => ![Lifetime::Ioc, Lifetime::Fok, Lifetime::Opg].contains(&new.lifetime),
        };
        if !allowed {
            return Err(RejectReason::Phase);
        }
        if self.find(new.key).is_some() {
            return Err(RejectReason::Duplicate);
        }
        let spot = match (stop, new.lifetime, limit) {
            (Some(_), ..) => 's',
            (_, Lifetime::Opg, _) => 'o',
            (_, Lifetime::Cls, _) => 'c',
            (_, _, None) if self.phase != Phase::Continuous => 'n',
            _ => 'b',
        };
        let order =
            Live { key: new.key, side: new.side, left: new.qty.raw(), filled: 0, limit, stop, life: new.lifetime, post, came: 0, spot };
        if spot == 'b' && self.phase == Phase::Continuous && post && !self.opposite(&order).is_empty() {
            return Err(RejectReason::WouldTake);
        }
        self.out.push(MatchEvent::Accepted { order: new.key, side: new.side, qty: new.qty, price: limit_price(limit) });
        self.place(order);
        self.stops();
        Ok(())
    }

    /// A stop is reached, an order trades, or it waits.
    fn place(&mut self, mut order: Live) {
        let continuous = self.phase == Phase::Continuous;
        if order.spot == 's' && continuous && self.last.is_some_and(|last| Self::reached(&order, last)) {
            self.out.push(MatchEvent::Triggered { order: order.key });
            order.spot = 'b';
        }
        if order.spot == 'b' && continuous { self.trade(order) } else { self.wait(order) }
    }

    fn wait(&mut self, mut order: Live) {
        order.came = self.clock;
        self.clock += 1;
        self.live.push(order);
    }

    fn reached(order: &Live, tick: i64) -> bool {
        let stop = order.stop.unwrap();
        if order.side == Side::Buy { tick >= stop } else { tick <= stop }
    }

    fn canceled(&mut self, key: OrderKey, left: i64, reason: CancelReason) {
        self.out.push(MatchEvent::Canceled { order: key, left: Qty::from_raw(left), reason });
    }

    fn trade(&mut self, mut order: Live) {
        let own = |o: &Live| self.policy != SelfMatch::Allow && o.key.participant == order.key.participant;
        if order.life == Lifetime::Fok {
            let met = self.opposite(&order);
            let until = if self.policy == SelfMatch::CancelOldest { None } else { met.iter().position(own) };
            let there: i64 = met[..until.unwrap_or(met.len())].iter().filter(|o| !own(o)).map(|o| o.left).sum();
            if there < order.left {
                return self.canceled(order.key, order.left, CancelReason::Killed);
            }
        }
        for maker in self.opposite(&order) {
            if order.left == 0 {
                break;
            }
            let i = self.find(maker.key).unwrap();
            if self.policy != SelfMatch::Allow && maker.key.participant == order.key.participant {
                if self.policy != SelfMatch::CancelNewest {
                    self.live.remove(i);
                    self.canceled(maker.key, maker.left, CancelReason::SelfMatch);
                }
                if self.policy != SelfMatch::CancelOldest {
                    self.canceled(order.key, order.left, CancelReason::SelfMatch);
                    return;
                }
                continue;
            }
            let qty = order.left.min(maker.left);
            let tick = maker.limit.unwrap();
            order.left -= qty;
            order.filled += qty;
            self.live[i].left -= qty;
            self.live[i].filled += qty;
            self.trades += 1;
            self.out.push(MatchEvent::Filled(Execution {
                id: self.trades,
                price: price(tick),
                qty: Qty::from_raw(qty),
                maker: maker.key,
                taker: order.key,
                maker_left: Qty::from_raw(maker.left - qty),
                taker_left: Qty::from_raw(order.left),
                taker_side: order.side,
                made_in: MadeIn::Continuous,
            }));
            self.last = Some(tick);
            self.recent.push(tick);
            self.live.retain(|o| o.left > 0);
        }
        if order.left > 0 {
            if order.limit.is_none() || [Lifetime::Ioc, Lifetime::Fok].contains(&order.life) {
                self.canceled(order.key, order.left, CancelReason::Unfilled);
            } else {
                order.spot = 'b';
                self.wait(order);
            }
        }
    }

    fn stops(&mut self) {
        let mut queue: Vec<Live> = Vec::new();
        while self.phase == Phase::Continuous {
            let ticks = std::mem::take(&mut self.recent);
            let (mut hit, rest): (Vec<Live>, Vec<Live>) =
                self.live.iter().partition(|o| o.spot == 's' && ticks.iter().any(|&tick| Self::reached(o, tick)));
            self.live = rest;
            hit.sort_by_key(|o| o.came);
            queue.extend(hit);
            if queue.is_empty() {
                break;
            }
            let order = queue.remove(0);
            self.out.push(MatchEvent::Triggered { order: order.key });
            self.trade(Live { spot: 'b', ..order });
        }
    }

    pub(super) fn cancel(&mut self, key: OrderKey) {
        match self.find(key) {
            Some(i) => {
                let gone = self.live.remove(i);
                self.canceled(key, gone.left, CancelReason::Requested);
            }
            None => self.out.push(MatchEvent::Rejected { order: key, request: Request::Cancel, reason: RejectReason::Unknown }),
        }
    }

    pub(super) fn mass_cancel(&mut self, participant: Participant) {
        self.live.sort_by_key(|o| o.came);
        let (gone, rest): (Vec<Live>, Vec<Live>) = self.live.iter().partition(|o| o.key.participant == participant);
        self.live = rest;
        for order in gone {
            self.canceled(order.key, order.left, CancelReason::MassCancel);
        }
    }

    pub(super) fn replace(&mut self, key: OrderKey, new: &Replacement) {
        if let Err(reason) = self.rewrite(key, new) {
            self.out.push(MatchEvent::Rejected { order: key, request: Request::Replace, reason });
        }
    }

    fn rewrite(&mut self, key: OrderKey, new: &Replacement) -> Result<(), RejectReason> {
        let i = self.find(key).ok_or(RejectReason::Unknown)?;
        if self.phase == Phase::Closed {
            return Err(RejectReason::Phase);
        }
        let old = self.live[i];
        let total = new.qty.map_or(old.left + old.filled, Qty::raw);
        if total <= 0 || total % SCALE != 0 {
            return Err(RejectReason::Quantity);
        }
        let limit = if let Some(p) = new.limit { Some(Self::tick_of(p)?) } else { old.limit };
        let stop = if let Some(p) = new.stop { Some(Self::tick_of(p)?) } else { old.stop };
        if (old.limit.is_none() && new.limit.is_some()) || (old.spot != 's' && new.stop.is_some()) {
            return Err(RejectReason::Terms);
        }
        let left = total - old.filled;
        if left <= 0 {
            self.cancel(key);
            return Ok(());
        }
        let order = Live { left, limit, stop, ..old };
        let kept_place = limit == old.limit && (old.spot != 's' || stop == old.stop) && left <= old.left;
        if !kept_place && self.phase == Phase::Continuous && old.post && !self.opposite(&order).is_empty() {
            return Err(RejectReason::WouldTake);
        }
        self.out.push(MatchEvent::Replaced { order: key, left: Qty::from_raw(left), price: limit_price(limit), kept_place });
        if kept_place {
            self.live[i] = order;
        } else {
            self.live.remove(i);
            self.place(order);
            self.stops();
        }
        Ok(())
    }

    pub(super) fn phase(&mut self, to: Phase) {
        let from = self.phase;
        let call = match to {
            Phase::Continuous => "bno",
            Phase::Closed if [Phase::Continuous, Phase::ClosingAuction].contains(&from) => "bnc",
            _ => "",
        };
        if !call.is_empty() {
            self.auction(call);
        }
        self.phase = to;
        self.out.push(MatchEvent::Phase { ts: Timestamp::from_nanos(0), phase: to });
        self.stops();
        if to == Phase::Closed {
            self.recent.clear();
            let stays = |o: &Live| o.life == Lifetime::Gtc && (o.limit.is_some() || o.stop.is_some());
            self.expire(|o| !stays(o));
        }
    }

    fn expire(&mut self, over: impl Fn(&Live) -> bool) {
        self.live.sort_by_key(|o| o.came);
        let (gone, rest): (Vec<Live>, Vec<Live>) = self.live.iter().partition(|&o| over(o));
        self.live = rest;
        self.out.extend(gone.iter().map(|o| MatchEvent::Expired { order: o.key, left: Qty::from_raw(o.left) }));
    }

    /// What an auction of the orders at `spots` would do, by trying every price.
    pub(super) fn cross(&self, spots: &str) -> (Option<i64>, Cross) {
        let orders: Vec<Live> = self.live.iter().copied().filter(|o| spots.contains(o.spot)).collect();
        let reference = self.last.unwrap_or(self.reference);
        let at = |tick: i64, side: Side| orders.iter().filter(|o| o.side == side && accepts(o, tick)).map(|o| o.left).sum::<i64>();
        let limits = || orders.iter().filter_map(|o| o.limit);
        let range = match (limits().min(), limits().max()) {
            (Some(low), Some(high)) => low..=high,
            _ => reference.max(1)..=reference,
        };
        let mut all: Vec<(i64, i64, i64)> = range.map(|tick| (tick, at(tick, Side::Buy), at(tick, Side::Sell))).collect();
        let best = all.iter().map(|a| a.1.min(a.2)).max().unwrap_or(0);
        all.retain(|a| a.1.min(a.2) == best);
        let least = all.iter().map(|a| (a.1 - a.2).abs()).min().unwrap_or(0);
        all.retain(|a| (a.1 - a.2).abs() == least);
        let chosen = if all.iter().all(|a| a.1 > a.2) {
            all.last()
        } else if all.iter().all(|a| a.1 < a.2) {
            all.first()
        } else {
            all.iter().min_by_key(|a| ((a.0 - reference).abs(), a.0))
        };
        let left_over = chosen.map_or(0, |a| a.1 - a.2);
        if best == 0 {
            return (None, Cross { imbalance: Qty::from_raw(left_over), ..Cross::default() });
        }
        let tick = chosen.unwrap().0;
        (Some(tick), Cross { price: price(tick), paired: Qty::from_raw(best), imbalance: Qty::from_raw(left_over) })
    }

    fn auction(&mut self, spots: &str) {
        let (tick, cross) = self.cross(spots);
        self.out.push(MatchEvent::Uncrossed(cross));
        if let Some(tick) = tick {
            let side = |side: Side| {
                let mut all: Vec<Live> = self.live.iter().copied().filter(|o| spots.contains(o.spot)).collect();
                all.retain(|o| o.side == side && accepts(o, tick));
                by_priority(&mut all);
                all
            };
            let (mut buyers, mut sellers) = (side(Side::Buy), side(Side::Sell));
            while let (Some(b), Some(s)) = (buyers.first_mut(), sellers.first_mut()) {
                let qty = b.left.min(s.left);
                for order in [&mut *b, &mut *s] {
                    order.left -= qty;
                    order.filled += qty;
                    let i = self.live.iter().position(|o| o.key == order.key).unwrap();
                    (self.live[i].left, self.live[i].filled) = (order.left, order.filled);
                }
                self.trades += 1;
                self.out.push(MatchEvent::Filled(Execution {
                    id: self.trades,
                    price: price(tick),
                    qty: Qty::from_raw(qty),
                    maker: s.key,
                    taker: b.key,
                    maker_left: Qty::from_raw(s.left),
                    taker_left: Qty::from_raw(b.left),
                    taker_side: Side::Buy,
                    made_in: MadeIn::Auction,
                }));
                buyers.retain(|o| o.left > 0);
                sellers.retain(|o| o.left > 0);
            }
            self.live.retain(|o| o.left > 0);
            self.last = Some(tick);
            self.recent.push(tick);
        }
        for spot in ['o', 'c', 'n'].into_iter().filter(|&spot| spots.contains(spot)) {
            for side in [Side::Buy, Side::Sell] {
                self.expire(|o| o.spot == spot && o.side == side);
            }
        }
    }

    /// Levels of a side, best first: ticks, shares, orders.
    pub(super) fn depth(&self, side: Side) -> Vec<(i64, i64, u32)> {
        let mut orders: Vec<Live> = self.live.iter().copied().filter(|o| o.spot == 'b' && o.side == side).collect();
        by_priority(&mut orders);
        let mut levels: Vec<(i64, i64, u32)> = Vec::new();
        for order in orders {
            let tick = order.limit.unwrap();
            match levels.last_mut() {
                Some(level) if level.0 == tick => (level.1, level.2) = (level.1 + order.left, level.2 + 1),
                _ => levels.push((tick, order.left, 1)),
            }
        }
        levels
    }
}
