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

std::string local_time_of(const std::optional<Time> &due, const Zone &zone) {
  return due ? say_local(*due, zone.offset_at(*due)) : "never";
}

}  // namespace

void Duties::begin(const Config &config) {
  Time const now = process_.now();
  last_now_ = now;
  fold_.set(config.schedule, now - kStillDue, config.zone);
  housekeeping_timer_.set(config.housekeeping_schedule, now - kStillDue, config.zone);
  verify_.set(config.verify_schedule, now - kStillDue, config.zone);
  state_.due = now;
  housekeeping_.forget_slices();
  round_.reset();
  log_.info("due next", {{fold_.option, local_time_of(fold_.due, config.zone)},
                         {housekeeping_timer_.option, local_time_of(housekeeping_timer_.due, config.zone)},
                         {verify_.option, local_time_of(verify_.due, config.zone)}});
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

bool Duties::do_next(Extension &extension, const Config &config) {
  bool const fold_goes_first = round_ ? !folded_last_ : fold_.is_due(process_.now());
  if (!fold_goes_first && do_other_than_fold(extension, config)) {
    folded_last_ = false;
    return true;
  }
  if (!fold_goes_first && !round_) return false;
  fold(extension, config);
  folded_last_ = true;
  return true;
}

bool Duties::do_other_than_fold(Extension &extension, const Config &config) {
  Time const now = process_.now();
  if (state_.is_due(now)) {
    (void)units_.complete(kStateDuty, {}, [&] { metrics_.set_state(extension.state()); });
    state_.due = now + kStateEvery;
  } else if (housekeeping_timer_.is_due(now)) {
    housekeeping_.keep(extension, config);
    housekeeping_timer_.set(config.housekeeping_schedule, process_.now(), config.zone);
    log_next(housekeeping_timer_, config);
  } else if (verify_.is_due(now)) {
    housekeeping_.verify(extension);
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
  if (!round_) round_ = Round{process_.seconds(), process_.seconds(), {}};
  bool more = false;
  bool const well = units_.complete(kFoldDuty, {}, [&] {
    Folded const folded = extension.fold(config.max_deltas, true);
    round_->total += folded;
    metrics_.count_fold(static_cast<double>(folded.deltas), static_cast<double>(folded.summary_rows));
    more = folded.deltas >= config.max_deltas;
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
  fold_.set(config.schedule, process_.now(), config.zone);
  log_next(fold_, config);
  state_.due = process_.now();
  double const seconds = process_.seconds() - round.begun;
  metrics_.count_round(seconds);
  if (round.total.deltas > 0) {
    log_.info("folded", {{"deltas", round.total.deltas}, {"summary_rows", round.total.summary_rows}, {"seconds", seconds}});
  } else {
    log_.debug("nothing to fold", {{"seconds", seconds}});
  }
}

// Called when a fold has failed. The next round comes soon, even where the schedule is seldom.
void Duties::postpone_round(const Config &config) {
  round_.reset();
  fold_.set(config.schedule, process_.now(), config.zone);
  Time const soon = process_.now() + kRetryAfter;
  fold_.due = fold_.due ? std::min(*fold_.due, soon) : soon;
  log_next(fold_, config);
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
