#include "service/duties.hpp"

#include <algorithm>

namespace materializer {
namespace {

// In seconds.
constexpr Time kStillDue = 60;
constexpr Time kStateEvery = 15;
constexpr Time kRetryAfter = 10;
constexpr double kTellEvery = 60;
constexpr Time kSeldom = 300;

// What fails in a fold may well succeed in a merge, and the other way round.
const Subject kFoldPart{"", "", "fold"};
const Subject kMergePart{"", "", "merge"};

std::string local_time_of(const std::optional<Time> &due, const Zone &zone) {
  return due ? say_local(*due, zone.offset_at(*due)) : "never";
}

}  // namespace

void Duties::begin(const Config &config) {
  Time const now = process_.now();
  last_now_ = now;
  round_timer_.set(config.schedule, now - kStillDue, config.zone);
  housekeeping_timer_.set(config.housekeeping_schedule, now - kStillDue, config.zone);
  verify_.set(config.verify_schedule, now - kStillDue, config.zone);
  state_.due = now;
  housekeeping_.forget_slices();
  round_.reset();
  next_fold_ = process_.seconds() + static_cast<double>(config.fold_every);
  // Not the timers, for what is still due is done at once.
  auto const next = [&](const Schedule &schedule) { return local_time_of(schedule.next(now, config.zone), config.zone); };
  log_.info("due next", {{round_timer_.option, next(config.schedule)},
                         {housekeeping_timer_.option, next(config.housekeeping_schedule)},
                         {verify_.option, next(config.verify_schedule)}});
}

void Duties::begin_again_if_clock_was_set_back(const Config &config) {
  Time const now = process_.now();
  if (now < last_now_) begin(config);
  last_now_ = now;
}

bool Duties::do_one(Extension &extension, const Config &config) {
  begin_again_if_clock_was_set_back(config);
  try {
    return do_next(extension, config);
  } catch (const Stopped &) {
    return false;
  }
}

void Duties::watch_standby(Extension &extension) {
  if (process_.seconds() < next_look_at_standby_) return;
  next_look_at_standby_ = process_.seconds() + static_cast<double>(kStateEvery);
  try {
    look_at_replication(extension);
  } catch (const Stopped &) {
    return;
  }
}

void Duties::look_at_replication(Extension &extension) {
  (void)units_.complete(kStateDuty, {"freshness", "freshness"}, [&] { metrics_.set_replications(extension.freshness()); });
}

bool Duties::do_next(Extension &extension, const Config &config) {
  bool const round_is_due = round_ || round_timer_.is_due(process_.now());
  bool const folds = round_is_due || process_.seconds() >= next_fold_;
  bool const others_turn = folded_last_ || !folds;
  folded_last_ = false;
  if (others_turn && do_other(extension, config)) return true;
  if (!folds) return false;
  folded_last_ = true;
  if (round_is_due)
    materialize(extension, config);
  else
    fold(extension, config);
  return true;
}

bool Duties::do_other(Extension &extension, const Config &config) {
  Time const now = process_.now();
  if (state_.is_due(now)) {
    (void)units_.complete(kStateDuty, {}, [&] { metrics_.set_state(extension.state()); });
    look_at_replication(extension);
    state_.due = now + kStateEvery;
  } else if (housekeeping_timer_.is_due(now)) {
    housekeeping_.keep(extension, config);
    housekeeping_timer_.set(config.housekeeping_schedule, process_.now(), config.zone);
    log_next(housekeeping_timer_, config);
  } else if (verify_.is_due(now)) {
    housekeeping_.verify(extension);
    housekeeping_.look_at_statements(extension);
    verify_.set(config.verify_schedule, process_.now(), config.zone);
    log_next(verify_, config);
  } else if (housekeeping_.has_slices()) {
    housekeeping_.rebuild_next(extension);
  } else {
    return false;
  }
  return true;
}

void Duties::fold(Extension &extension, const Config &config) {
  std::int64_t folded = 0;
  bool const well = units_.complete(kFoldDuty, kFoldPart, [&] {
    folded = extension.fold(config.max_deltas);
    metrics_.count_fold(static_cast<double>(folded), 0);
  });
  bool const more = folded >= config.max_deltas;
  next_fold_ = process_.seconds() + static_cast<double>(!well ? kRetryAfter : more ? 0 : config.fold_every);
}

void Duties::materialize(Extension &extension, const Config &config) {
  if (!round_) round_ = Round{process_.seconds(), process_.seconds(), {}};
  bool more = false;
  bool const well = units_.complete(kFoldDuty, kMergePart, [&] {
    Materialized const done = extension.materialize(config.max_deltas, true);
    round_->total += done;
    metrics_.count_fold(static_cast<double>(done.deltas), static_cast<double>(done.summary_rows));
    more = done.deltas >= config.max_deltas;
  });
  if (!well) return postpone_round(config);
  if (!more) return end_round(config);
  if (process_.seconds() - round_->last_told < kTellEvery) return;
  round_->last_told = process_.seconds();
  log_.info("folding", {{"deltas", round_->total.deltas}, {"seconds", process_.seconds() - round_->begun}});
}

void Duties::end_round(const Config &config) {
  Round const round = *round_;
  round_.reset();
  // Counted from the end of the round. A round that fell due while this one lasted is skipped.
  round_timer_.set(config.schedule, process_.now(), config.zone);
  next_fold_ = process_.seconds() + static_cast<double>(config.fold_every);
  log_next(round_timer_, config);
  state_.due = process_.now();
  double const seconds = process_.seconds() - round.begun;
  metrics_.count_round(seconds);
  if (round.total.deltas > 0) {
    log_.info("folded", {{"deltas", round.total.deltas}, {"summary_rows", round.total.summary_rows}, {"seconds", seconds}});
  } else {
    log_.debug("nothing to fold", {{"seconds", seconds}});
  }
}

// Called when a fold or merge has failed. The next round comes soon, even where the schedule is seldom.
void Duties::postpone_round(const Config &config) {
  round_.reset();
  round_timer_.set(config.schedule, process_.now(), config.zone);
  next_fold_ = process_.seconds() + static_cast<double>(kRetryAfter);
  Time const soon = process_.now() + kRetryAfter;
  round_timer_.due = round_timer_.due ? std::min(*round_timer_.due, soon) : soon;
  log_next(round_timer_, config);
}

void Duties::log_next(const Timer &timer, const Config &config) {
  Field const next(timer.option, local_time_of(timer.due, config.zone));
  // At level info, a line each minute would fill the log.
  if (timer.due && *timer.due - process_.now() < kSeldom) {
    log_.debug("due next", {next});
  } else {
    log_.info("due next", {next});
  }
}

}  // namespace materializer
