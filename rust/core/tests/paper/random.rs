//! Random requests in a random market, with crashes: what must hold whatever happens.

use crate::{Bench, at, config, log_config, rows};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tickwright_core::journal::{JournalId, SimulatedStorage};
use tickwright_core::paper::PaperVenue;
use tickwright_core::types::{Money, Price, Qty, Random, Timestamp};

const SYMBOLS: [&str; 3] = ["AAPL", "MSFT", "BTC/USD"];
const CASH: [&str; 3] = ["100000", "20000", "1500"];
const TERMINAL: [&str; 5] = ["filled", "canceled", "expired", "rejected", "replaced"];

fn raw(value: &Value) -> i64 {
    Price::parse(value.as_str().unwrap_or_else(|| panic!("{value} is no text")).as_bytes()).unwrap().raw()
}

struct World {
    bench: Bench,
    random: Random,
    prices: [f64; 3],
    /// Ids by account.
    orders: Vec<(u32, String)>,
    /// What the updates said last of each order, and how many shares they filled.
    told: BTreeMap<String, (String, i64)>,
    updates: usize,
    fills: usize,
    /// Orders taken and refused.
    taken: [usize; 2],
}

impl World {
    fn new(seed: u64, more: &Value) -> Self {
        let venue = PaperVenue::new(&config(more), Some((SimulatedStorage::new(seed), log_config(), JournalId([3; 16])))).unwrap();
        let mut bench = Bench { venue, now: at(0, 9, 0) };
        bench.go(at(0, 9, 40));
        let prices = [100.0, 50.0, 60_000.0];
        Self { bench, random: Random::new(seed), prices, orders: Vec::new(), told: BTreeMap::new(), updates: 0, fills: 0, taken: [0; 2] }
    }

    fn market(&mut self) {
        let mut events = Vec::new();
        let mut ts = self.bench.now;
        for _ in 0..=self.random.below(12) {
            ts += 1 + self.random.below(2_000_000_000) as i64;
            let which = self.random.below(3) as usize;
            self.prices[which] *= 1.0 + 0.002 * self.random.normal();
            let tick = if which == 2 { 1.0 } else { 0.01 };
            let mid = (self.prices[which] / tick).round() * tick;
            let size = 1.0 + self.random.below(200) as f64;
            let cents = |x: f64| (x * 100.0).round() / 100.0;
            if self.random.chance(0.3) {
                events.push((ts, SYMBOLS[which], cents(mid), 0.0, size));
            } else {
                events.push((ts, SYMBOLS[which], cents(mid - tick), cents(mid + tick), size));
            }
        }
        let rows = rows(&events);
        self.bench.venue.market(&rows, 0, rows.len()).unwrap();
        self.bench.now = self.bench.venue.now().nanos();
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len() as u64) as usize]
    }

    fn price(&mut self, which: usize, away: f64) -> String {
        let x = self.prices[which] * (1.0 + away * (2.0 * self.random.uniform() - 1.0));
        format!("{x:.2}")
    }

    fn submit(&mut self) {
        let account = self.random.below(3) as u32;
        let which = self.random.below(3) as usize;
        // Now and then what makes no sense.
        let wild = self.random.chance(0.1);
        let class = if which == 2 && !wild { "simple" } else { self.pick(&["simple", "simple", "simple", "bracket", "oco", "oto"]) };
        let mut kind = self.pick(&["market", "market", "limit", "limit", "limit", "stop", "stop_limit", "trailing_stop"]);
        let mut side = self.pick(&["buy", "sell"]);
        let mut tif = self.pick(&["day", "day", "day", "gtc", "ioc", "fok", "opg", "cls"]);
        if !wild {
            if class != "simple" || kind.contains("stop") {
                tif = self.pick(&["day", "gtc"]);
            }
            if which == 2 {
                (tif, kind) = (self.pick(&["gtc", "ioc"]), self.pick(&["market", "limit"]));
                side = self.pick(&["buy", "buy", "sell"]);
            }
        }
        let mut body = json!({"symbol": SYMBOLS[which], "side": side, "time_in_force": tif, "order_class": class});
        let whole = class != "simple" || tif != "day" || kind == "trailing_stop" || self.random.chance(0.7);
        match (self.random.below(2), whole && !wild) {
            (_, true) => body["qty"] = json!((1 + self.random.below([300, 30, 1][which])).to_string()),
            (0, _) => body["notional"] = json!(format!("{}", 1 + self.random.below(3_000))),
            _ => body["qty"] = json!(format!("{:.3}", 0.01 + self.random.uniform())),
        }
        // Above or below the market by up to as much, in basis points.
        let away = |world: &mut Self, up: f64| {
            let x = world.prices[which] * (1.0 + up * (0.2 + world.random.uniform()) / 1e4);
            json!(format!("{x:.2}"))
        };
        let up = if side == "buy" { 1.0 } else { -1.0 };
        let exit = if class == "oco" { -up } else { up };
        match class {
            "oco" => kind = "limit",
            _ if kind.contains("limit") => {
                let far = self.pick(&[-40.0, -5.0, 10.0]);
                body["limit_price"] = away(self, up * far);
            }
            _ => {}
        }
        body["type"] = json!(kind);
        if kind.starts_with("stop") {
            body["stop_price"] = away(self, up * 20.0);
        }
        if kind == "trailing_stop" {
            body["trail_percent"] = json!("0.4");
        }
        if self.random.chance(0.1) {
            body["extended_hours"] = json!(wild || (kind == "limit" && tif == "day" && class == "simple"));
        }
        if matches!(class, "bracket" | "oco") {
            body["take_profit"] = json!({"limit_price": away(self, exit * 60.0)});
        }
        if class != "simple" {
            body["stop_loss"] = json!({"stop_price": away(self, -exit * 60.0)});
        }
        let (status, answer) = self.bench.call(account, "POST", "/orders", "", &body);
        assert!(matches!(status, 200 | 403 | 422), "{body}: {answer}");
        self.taken[usize::from(status != 200)] += 1;
        if status == 200 {
            self.note(account, &answer);
        }
    }

    fn note(&mut self, account: u32, order: &Value) {
        self.orders.push((account, order["id"].as_str().unwrap().to_owned()));
        for leg in order["legs"].as_array().into_iter().flatten() {
            self.orders.push((account, leg["id"].as_str().unwrap().to_owned()));
        }
    }

    fn change(&mut self) {
        let account = self.random.below(3) as u32;
        let some = if self.orders.is_empty() { None } else { Some(self.random.below(self.orders.len() as u64) as usize) };
        let which = self.random.below(3) as usize;
        let symbol = SYMBOLS[which].replace('/', "%2F");
        let (status, answer) = match (self.random.below(10), some.map(|i| self.orders[i].clone())) {
            (0..=3, Some((account, id))) => self.bench.call(account, "DELETE", &format!("/orders/{id}"), "", &Value::Null),
            (4..=6, Some((account, id))) => {
                let mut body = json!({"qty": (1 + self.random.below(300)).to_string()});
                if self.random.chance(0.5) {
                    body["limit_price"] = json!(self.price(which, 0.01));
                }
                let (status, answer) = self.bench.call(account, "PATCH", &format!("/orders/{id}"), "", &body);
                if status == 200 {
                    self.note(account, &answer);
                }
                (status, answer)
            }
            (7, _) => self.bench.call(account, "DELETE", &format!("/positions/{symbol}"), "percentage=50", &Value::Null),
            (8, _) => self.bench.call(account, "DELETE", "/orders", "", &Value::Null),
            _ => self.bench.call(account, "DELETE", "/positions", "cancel_orders=true", &Value::Null),
        };
        assert!(matches!(status, 200 | 204 | 207 | 403 | 404 | 422), "{status} {answer}");
    }

    /// Every update follows from those before it.
    fn take_updates(&mut self) {
        let taken = self.bench.venue.take_updates(Timestamp::from_nanos(self.bench.now)).unwrap();
        for (_, bytes) in taken {
            let update: Value = serde_json::from_slice(&bytes).unwrap();
            let (order, event) = (&update["order"], update["event"].as_str().unwrap());
            let id = order["id"].as_str().unwrap().to_owned();
            let status = order["status"].as_str().unwrap();
            let told = self.told.entry(id).or_insert_with(|| ("none".to_owned(), 0));
            let ended = TERMINAL.contains(&told.0.as_str());
            // An order that was filled first tells of its replacement's refusal.
            assert!(!ended || event == "order_replace_rejected", "{event} after {}: {update}", told.0);
            if event == "fill" || event == "partial_fill" {
                told.1 += raw(&update["qty"]);
                assert_eq!(told.1, raw(&order["filled_qty"]), "fills add up: {update}");
                assert_eq!(event == "fill", status == "filled");
                self.fills += 1;
            }
            status.clone_into(&mut told.0);
            self.updates += 1;
        }
    }

    fn activities(&mut self, account: u32) -> Vec<Value> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let query = format!("direction=asc&page_size=7{token}");
            let (status, page) = self.bench.call(account, "GET", "/account/activities", &query, &Value::Null);
            assert_eq!(status, 200);
            let page = page.as_array().unwrap().clone();
            let Some(last) = page.last() else { return all };
            token = format!("&page_token={}", last["id"].as_str().unwrap());
            all.extend(page);
        }
    }

    fn check(&mut self) {
        for account in 0..3 {
            let mut cash = i128::from(Price::parse(CASH[account as usize].as_bytes()).unwrap().raw());
            let mut shares: BTreeMap<String, i64> = BTreeMap::new();
            let mut by_order: BTreeMap<String, i64> = BTreeMap::new();
            for activity in self.activities(account).into_iter().skip(1) {
                if activity["activity_type"] != "FILL" {
                    cash += Money::from_raw(i128::from(raw(&activity["net_amount"]))).raw();
                    if activity["activity_type"] == "CFEE" && !activity["qty"].is_null() {
                        // Of a purchase it is taken out of the coins.
                        *shares.entry(activity["symbol"].as_str().unwrap().to_owned()).or_default() += raw(&activity["qty"]);
                    }
                    continue;
                }
                let (qty, price) = (raw(&activity["qty"]), Price::from_raw(raw(&activity["price"])));
                let sign = if activity["side"] == "buy" { 1 } else { -1 };
                *shares.entry(activity["symbol"].as_str().unwrap().to_owned()).or_default() += sign * qty;
                *by_order.entry(activity["order_id"].as_str().unwrap().to_owned()).or_default() += qty;
                cash -= i128::from(sign) * Money::notional(price, Qty::from_raw(qty)).raw();
                assert_eq!(raw(&activity["cum_qty"]), by_order[activity["order_id"].as_str().unwrap()]);
            }
            shares.retain(|_, &mut qty| qty != 0);
            let (_, figures) = self.bench.call(account, "GET", "/account", "", &Value::Null);
            assert_eq!(i128::from(raw(&figures["cash"])), cash, "cash is what the fills leave");
            let (_, positions) = self.bench.call(account, "GET", "/positions", "", &Value::Null);
            let mut held = BTreeMap::new();
            let mut equity = cash;
            for position in positions.as_array().unwrap() {
                let (qty, available) = (raw(&position["qty"]), raw(&position["qty_available"]));
                assert!(available.abs() <= qty.abs() && available.signum() * qty.signum() >= 0, "{position}");
                let mut story = || {
                    let (_, orders) =
                        self.bench.call(account, "GET", "/orders", "status=all&limit=500&direction=asc&symbols=BTC/USD", &Value::Null);
                    let fields = [
                        "submitted_at",
                        "side",
                        "qty",
                        "notional",
                        "type",
                        "limit_price",
                        "status",
                        "filled_qty",
                        "updated_at",
                        "replaced_at",
                        "position_intent",
                    ];
                    let line = |o: &Value| fields.map(|f| o[f].as_str().unwrap_or("-").to_owned()).join(" ");
                    orders.as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
                };
                assert!(qty > 0 || position["asset_class"] == "us_equity", "crypto is never short:\n{}", story());
                equity += i128::from(raw(&position["market_value"]));
                assert_eq!(raw(&position["market_value"]) - raw(&position["cost_basis"]), raw(&position["unrealized_pl"]));
                held.insert(position["symbol"].as_str().unwrap().to_owned(), qty);
            }
            assert_eq!(held, shares, "positions are the sums of fills and of fees in coins");
            assert_eq!(i128::from(raw(&figures["equity"])), equity);
            let (_, orders) = self.bench.call(account, "GET", "/orders", "status=all&limit=500", &Value::Null);
            for order in orders.as_array().unwrap() {
                let filled = raw(&order["filled_qty"]);
                assert!(order["qty"].is_null() || filled <= raw(&order["qty"]), "{order}");
                assert_eq!(filled, by_order.get(order["id"].as_str().unwrap()).copied().unwrap_or(0), "{order}");
            }
        }
    }

    /// The process dies; another takes its journal up.
    fn crash(self) -> Self {
        let Self { bench, random, prices, orders, told, updates, fills, taken } = self;
        let (hash, now) = (bench.venue.state_hash().unwrap(), bench.now);
        let (venue, _) = PaperVenue::recover(bench.venue.abandon().unwrap().unwrap(), log_config()).unwrap();
        assert_eq!(venue.state_hash().unwrap(), hash, "replay gives another state");
        Self { bench: Bench { venue, now }, random, prices, orders, told, updates, fills, taken }
    }
}

fn run(seed: u64, steps: usize, more: &Value) -> [usize; 4] {
    let mut world = World::new(seed, more);
    for step in 0..steps {
        match world.random.below(40) {
            0..=15 => world.market(),
            16..=31 => world.submit(),
            32..=37 => world.change(),
            _ => {
                let far = if world.random.chance(0.2) { 4 * 3_600_000_000_000 } else { 90_000_000_000 };
                let now = world.bench.now + world.random.below(far) as i64;
                world.bench.go(now);
            }
        }
        world.take_updates();
        if step % 25 == 24 {
            world.check();
        }
        if world.random.chance(0.01) {
            world = world.crash();
        }
    }
    world.check();
    let world = world.crash();
    [world.taken[0], world.taken[1], world.updates, world.fills]
}

fn seeds(first: u64, count: u64, more: &Value) {
    let mut sums = [0; 4];
    for seed in first..first + count {
        for (sum, n) in sums.iter_mut().zip(run(seed, 150, more)) {
            *sum += n;
        }
    }
    let [taken, refused, updates, fills] = sums;
    println!("{count} seeds: {taken} orders taken, {refused} refused, {updates} updates, {fills} fills");
    assert!(fills > 15 * count as usize, "the random market fills orders");
}

#[test]
fn whatever_happens_books_balance_and_replay_is_exact() {
    seeds(1, 80, &json!({"fees": "alpaca"}));
}

#[test]
fn the_same_with_latency() {
    seeds(1_000, 80, &json!({"fees": "alpaca", "latency_ns": 40_000_000, "report_latency_ns": 5_000_000, "jitter_ns": 30_000_000}));
}

#[test]
fn the_same_with_orders_in_the_queue_and_sizes_without_end() {
    seeds(2_000, 40, &json!({"queue": "front", "liquidity": "unlimited", "latency_ns": 1_000_000_000}));
}

#[test]
fn the_same_on_an_exchange() {
    seeds(3_000, 60, &json!({"matching": "engine", "fees": "alpaca", "latency_ns": 20_000_000}));
}
