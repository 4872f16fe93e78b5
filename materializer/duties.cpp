#include "duties.hpp"

#include <algorithm>
#include <chrono>

namespace materializer {
namespace {

constexpr Time kStillDue = 60;
constexpr Time kFiguresEvery = 15;
constexpr Time kRetryAfter = 10;
constexpr double kTellEvery = 60;

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

std::string said_once(const Row &row) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); i++) line += (i == 0 ? "" : " ") + kDifferenceColumns[i] + "=" + row[i].value_or("-");
  return line;
}

}  // namespace

Time wall_clock() { return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()); }

void Troubles::report(const std::string &task, const std::string &about, const DatabaseError &error) {
  std::string &known = known_[task + " " + about];
  if (known == error.what()) return;
  known = error.what();
  log_.error(task + " failed", {{"about", about}, {"reason", known}, {"sqlstate", error.sqlstate()}});
}

void Troubles::clear(const std::string &task, const std::string &about) {
  if (known_.erase(task + " " + about) > 0) log_.info(task + " works again", {{"about", about}});
}

template <typename Work>
bool Duties::attempt(const std::string &task, const std::string &about, Work &&work) {
  try {
    work();
    troubles_.clear(task, about);
    return true;
  } catch (const DatabaseError &error) {
    if (error.remedy() == Remedy::kReconnect) throw;
    if (interrupt_.stop_requested()) return false;
    metrics_.count_failure(task);
    troubles_.report(task, about, error);
    return false;
  }
}

void Duties::begin(const Config &config, Time now) {
  last_look_ = now;
  refresh_.set(config.schedule, now - kStillDue, config.zone);
  housekeeping_.set(config.housekeeping_schedule, now - kStillDue, config.zone);
  verify_.set(config.verify_schedule, now - kStillDue, config.zone);
  figures_.due = now;
  to_rebuild_.clear();
  round_.reset();
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
  } else if (verify_.strikes(now)) {
    verify(session);
    verify_.set(config.verify_schedule, wall_clock(), config.zone);
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
  bool const well = attempt("refresh", "", [&] {
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
  if (!well) {
    refresh_.due = refresh_.due ? std::min(*refresh_.due, wall_clock() + kRetryAfter) : wall_clock() + kRetryAfter;
    return;
  }
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
  attempt("figures", "", [&] { metrics_.set_figures(figures(session)); });
}

void Duties::keep_house(Session &session, const Config &config) {
  std::vector<Source> all;
  (void)attempt("partitions", "", [&] { all = sources(session, {}); });
  for (const Source &source : all)
    (void)attempt("partitions", source.name, [&] {
      for (const Slice &made : make_partitions(session, source, config.partitions_ahead))
        log_.info("partition made", {{"source", made.source.name}, {"from", made.from}, {"to", made.to}});
    });
  if (!config.retention.empty()) prune_sources(session, config);
  attempt("rebuild", "", [&] {
    std::vector<Slice> const slices = unbuilt_slices(session);
    if (!slices.empty() && to_rebuild_.empty()) log_.info("days are not built", {{"slices", slices.size()}});
    to_rebuild_.assign(slices.begin(), slices.end());
  });
}

void Duties::prune_sources(Session &session, const Config &config) {
  std::vector<Source> all;
  if (!attempt("retention", "", [&] { all = sources(session, {}); })) return;
  for (const auto &[name, keep] : config.retention.named)
    attempt("retention", name, [&, &name = name] { (void)sources(session, {name}, "retention"); });
  for (const Source &source : all) {
    auto const named = config.retention.named.find(source.name);
    std::optional<std::int64_t> const keep =
        named != config.retention.named.end() ? std::optional(named->second) : config.retention.others;
    if (!keep || interrupt_.stop_requested()) continue;
    attempt("retention", source.name, [&] {
      for (const Slice &dropped : prune(session, source, *keep, false))
        log_.info("usage dropped", {{"source", dropped.source.name}, {"from", dropped.from}, {"to", dropped.to}});
    });
  }
}

void Duties::rebuild_next(Session &session) {
  Slice const slice = to_rebuild_.front();
  to_rebuild_.pop_front();
  bool const well = attempt("rebuild", slice.source.name, [&] { rebuild(session, slice); });
  if (well) {
    metrics_.count_slice();
    log_.debug("slice rebuilt", {{"source", slice.source.name}, {"from", slice.from}, {"to", slice.to}});
    if (to_rebuild_.empty()) log_.info("days were built");
    return;
  }
  // The same trouble would meet its other days; the next look asks again.
  to_rebuild_.erase(
      std::remove_if(to_rebuild_.begin(), to_rebuild_.end(), [&](const Slice &s) { return s.source.oid == slice.source.oid; }),
      to_rebuild_.end());
}

void Duties::verify(Session &session) {
  attempt("verify", "", [&] {
    std::optional<Verification> const verified = verify_random_slice(session);
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
