#include "service/duties.hpp"

#include <algorithm>
#include <chrono>

namespace materializer {
namespace {

constexpr Time kStillDue = 60;
constexpr Time kFiguresEvery = 15;
constexpr Time kRetryAfter = 10;
constexpr double kTellEvery = 60;

constexpr Time kSeldom = 300;
const Subject kAll;  // of a duty that is about no table

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

std::string said_once(const Row &row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); i++) line += (i == 0 ? "" : " ") + kDifferenceColumns[i] + "=" + row[i].value_or("-");
  return line;
}

Subject subject(const Source &source) { return {source.oid, source.name}; }

// Of a name that was given: numbers of tables have no point.
Subject subject(const TableName &name) { return {say_table_name(name), say_table_name(name)}; }

void remove_slices_of(const std::string &oid, std::deque<Slice> &slices) {
  auto const rest = std::remove_if(slices.begin(), slices.end(), [&](const Slice &slice) { return slice.source.oid == oid; });
  slices.erase(rest, slices.end());
}

bool has_slices_of(const std::string &oid, const std::deque<Slice> &slices) {
  return std::any_of(slices.begin(), slices.end(), [&](const Slice &slice) { return slice.source.oid == oid; });
}

std::string said(const std::optional<Time> &due, const Zone &zone) { return due ? say_local(*due, zone.offset_at(*due)) : "never"; }

}  // namespace

Time wall_clock() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

template <typename Work>
std::optional<DatabaseError> Duties::part(const std::string &duty, const Subject &subject, Work &&work) {
  try {
    work();
    return std::nullopt;
  } catch (const DatabaseError &error) {
    if (error.remedy() == Remedy::kReconnect) throw;
    if (interrupt_.stop_requested()) return error;
    metrics_.count_failure(duty);
    troubles_.meet(duty, subject, error);
    return error;
  }
}

template <typename Work>
bool Duties::attempt(const std::string &duty, const Subject &subject, Work &&work) {
  bool const well = !part(duty, subject, work);
  if (well) troubles_.end(duty, subject);
  return well;
}

void Duties::begin(const Config &config, Time now) {
  last_look_ = now;
  refresh_.set(config.schedule, now - kStillDue, config.zone);
  housekeeping_.set(config.housekeeping_schedule, now - kStillDue, config.zone);
  verify_.set(config.verify_schedule, now - kStillDue, config.zone);
  figures_.due = now;
  to_rebuild_.clear();
  round_.reset();
  log_.info("due next", {{refresh_.option, said(refresh_.due, config.zone)},
                         {housekeeping_.option, said(housekeeping_.due, config.zone)},
                         {verify_.option, said(verify_.due, config.zone)}});
}

void Duties::tell_next(const Clockwork &clockwork, const Config &config) {
  Field const next(clockwork.option, said(clockwork.due, config.zone));
  // What comes every minute would fill the log.
  if (clockwork.due && *clockwork.due - wall_clock() < kSeldom) {
    log_.debug("due next", {next});
  } else {
    log_.info("due next", {next});
  }
}

void Duties::correct_for_clock_set_back(const Config &config, Time now) {
  if (now < last_look_) begin(config, now);
  last_look_ = now;
}

bool Duties::do_one(Session &session, const Config &config, Time now) {
  correct_for_clock_set_back(config, now);
  bool const folds_first = round_ ? !folded_last_ : refresh_.strikes(now);
  if (!folds_first && do_another(session, config, now)) {
    folded_last_ = false;
    return true;
  }
  if (!folds_first && !round_) return false;
  fold_some(session, config, now);
  folded_last_ = true;
  return true;
}

bool Duties::do_another(Session &session, const Config &config, Time now) {
  if (figures_.strikes(now)) {
    show_figures(session);
    figures_.due = now + kFiguresEvery;
  } else if (housekeeping_.strikes(now)) {
    keep_house(session, config);
    housekeeping_.set(config.housekeeping_schedule, wall_clock(), config.zone);
    tell_next(housekeeping_, config);
  } else if (verify_.strikes(now)) {
    verify(session);
    verify_.set(config.verify_schedule, wall_clock(), config.zone);
    tell_next(verify_, config);
  } else if (!to_rebuild_.empty()) {
    rebuild_next(session);
  } else {
    return false;
  }
  return true;
}

void Duties::fold_some(Session &session, const Config &config, Time now) {
  if (!round_) round_ = Round{Clock::now(), Clock::now(), {}};
  bool more = false;
  bool const well = attempt("refresh", kAll, [&] {
    Folded const folded = fold(session, config.max_deltas, true);
    round_->total += folded;
    metrics_.count_fold(static_cast<double>(folded.deltas), static_cast<double>(folded.summary_rows));
    more = folded.deltas >= config.max_deltas;
  });
  if (!more) {
    end_round(config, now, well);
  } else if (seconds_since(round_->told) >= kTellEvery) {
    round_->told = Clock::now();
    log_.info("folding", {{"deltas", round_->total.deltas}, {"seconds", seconds_since(round_->begun)}});
  }
}

void Duties::end_round(const Config &config, Time now, bool well) {
  Round const round = *round_;
  round_.reset();
  // Counted from its end: a round that takes longer than the interval skips what fell due meanwhile.
  refresh_.set(config.schedule, std::max(now, wall_clock()), config.zone);
  if (!well) refresh_.due = refresh_.due ? std::min(*refresh_.due, wall_clock() + kRetryAfter) : wall_clock() + kRetryAfter;
  tell_next(refresh_, config);
  if (!well) return;
  double const seconds = seconds_since(round.begun);
  metrics_.count_run(seconds);
  figures_.due = now;
  if (round.total.deltas > 0) {
    log_.info("folded", {{"deltas", round.total.deltas}, {"summary_rows", round.total.summary_rows}, {"seconds", seconds}});
  } else {
    log_.debug("nothing to fold", {{"seconds", seconds}});
  }
}

void Duties::show_figures(Session &session) {
  attempt("figures", kAll, [&] { metrics_.set_figures(figures(session)); });
}

void Duties::keep_house(Session &session, const Config &config) {
  std::vector<Source> all;
  if (!attempt("sources", kAll, [&] { all = sources(session); })) return;
  std::set<std::string> keys;
  for (const Source &source : all) keys.insert(source.oid);
  for (const char *const duty : {"partitions", "rebuild", "verify"}) troubles_.keep_only(duty, keys);
  for (const auto &[name, keep] : config.retention.named) keys.insert(subject(name).key);
  troubles_.keep_only("retention", keys);
  tell_unknown_retention(config, all);
  bool const nothing_was_unbuilt = to_rebuild_.empty();
  to_rebuild_.clear();
  not_rebuilt_.clear();
  for (const Source &source : all) {
    if (interrupt_.stop_requested()) return;
    keep_table(session, config, source);
  }
  if (!to_rebuild_.empty() && nothing_was_unbuilt) log_.info("days are not built", {{"slices", to_rebuild_.size()}});
}

void Duties::keep_table(Session &session, const Config &config, const Source &source) {
  (void)attempt("partitions", subject(source), [&] {
    for (const Slice &made : make_partitions(session, source, config.partitions_ahead))
      log_.info("partition made", {{"source", made.source.name}, {"from", made.from}, {"to", made.to}});
  });
  prune_table(session, config, source);
  find_unbuilt(session, source);
}

void Duties::prune_table(Session &session, const Config &config, const Source &source) {
  std::optional<std::int64_t> const keep = kept_for(config.retention, source);
  if (!keep || interrupt_.stop_requested()) return;
  (void)attempt("retention", subject(source), [&] {
    for (const Slice &dropped : prune(session, source, *keep, false))
      log_.info("usage dropped", {{"source", dropped.source.name}, {"from", dropped.from}, {"to", dropped.to}});
  });
}

void Duties::tell_unknown_retention(const Config &config, const std::vector<Source> &all) {
  for (const auto &rule : config.retention.named)
    (void)attempt("retention", subject(rule.first), [&] { (void)find(all, rule.first, "retention"); });
}

void Duties::find_unbuilt(Session &session, const Source &source) {
  std::vector<Slice> slices;
  auto const failure = part("rebuild", subject(source), [&] { slices = rebuild_slices(session, source, kAllTime, true); });
  if (!failure && slices.empty()) troubles_.end("rebuild", subject(source));
  to_rebuild_.insert(to_rebuild_.end(), slices.begin(), slices.end());
}

void Duties::rebuild_next(Session &session) {
  Slice const slice = to_rebuild_.front();
  to_rebuild_.pop_front();
  const std::string &oid = slice.source.oid;
  auto const failure = part("rebuild", subject(slice.source), [&] { rebuild(session, slice); });
  if (!failure) {
    metrics_.count_slice();
    log_.debug("slice rebuilt", {{"source", slice.source.name}, {"from", slice.from}, {"to", slice.to}});
  } else {
    not_rebuilt_.insert(oid);
    // Another trouble would meet the table's other days, too; the next look asks again.
    if (!is_about_rows(*failure)) remove_slices_of(oid, to_rebuild_);
  }
  if (not_rebuilt_.count(oid) == 0 && !has_slices_of(oid, to_rebuild_)) troubles_.end("rebuild", subject(slice.source));
  if (!failure && to_rebuild_.empty()) log_.info("days were built");
}

void Duties::verify(Session &session) {
  std::optional<Source> source;
  (void)attempt("verify", kAll, [&] { source = random_built_source(session); });
  if (!source) return;
  (void)attempt("verify", subject(*source), [&] {
    std::optional<Verification> const verified = verify_random_slice(session, *source);
    if (!verified) return;
    const Slice &slice = verified->slice;
    metrics_.count_verification(static_cast<double>(verified->differences.size()));
    if (verified->differences.empty()) {
      log_.debug("verified", {{"source", slice.source.name}, {"from", slice.from}, {"to", slice.to}});
      return;
    }
    log_.error("verify found differences", {{"source", slice.source.name},
                                            {"from", slice.from},
                                            {"to", slice.to},
                                            {"differences", verified->differences.size()},
                                            {"first", said_once(verified->differences.front())}});
  });
}

}  // namespace materializer
