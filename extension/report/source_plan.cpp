#include "report/source_plan.hpp"

#include <algorithm>

namespace reseller_report {
namespace {

// The places of the items that a source feeds.
std::vector<int> places_fed(const Source &source, const Question &question) {
  std::vector<int> places;
  for (Service const service : question.services)
    if (feeds(source.mapping.feed, service))
      for (Item const item : items_of(service)) places.push_back(question.places.of(item));
  return places;
}

void plan_steps(const Question &question, Time now, SourcePlan &plan, CutQuarters &cut) {
  const std::vector<Range> &steps = question.steps;
  std::vector<int> const places = places_fed(plan.answering.source, question);
  const std::vector<Range> &answered = plan.answering.answered;
  auto first = answered.begin();
  for (size_t i = 0; i < steps.size(); i++) {
    const Range &step = steps[i];
    int const number = static_cast<int>(i);
    if (std::none_of(places.begin(), places.end(), [&](int place) { return cut.asks(number, place); })) continue;
    while (first != answered.end() && first->to <= step.from) ++first;
    std::vector<Range> covered;
    for (auto part = first; part != answered.end() && part->from < step.to; ++part) covered.push_back(intersection(step, *part));
    for (const Range &part : covered) plan.add_cover(number, cover_of(part, now), cut);
    for (const Range &rest : without(step, covered)) plan.raw.add({rest, 1, number});
  }
  plan.index();
}

}  // namespace

void SourcePlan::add_cover(int step, const Cover &cover, CutQuarters &cut) {
  std::vector<Piece> narrow;
  for (int level = 0; level < kLevels; level++) {
    const std::vector<Piece> &pieces = cover.levels[level];
    for (const Piece &piece : pieces) levels[level].add({piece.range, piece.sign, step});
    if (static_cast<Level>(level) <= Level::kDay) narrow.insert(narrow.end(), pieces.begin(), pieces.end());
  }
  for (const Piece &piece : added_up(narrow)) days.add({piece.range, piece.sign, step});
  for (const Piece &piece : cover.raw) add_cut({piece.range, piece.sign, step}, cut);
  buckets.add({cover.buckets, 1, step});
}

void SourcePlan::index() {
  for (StepPieces &level : levels) level.index();
  days.index();
  buckets.index();
  raw.index();
}

void SourcePlan::add_cut(const StepPiece &piece, CutQuarters &cut) {
  if (piece.range.empty()) return;
  Range const whole = widen(Level::kQuarter, piece.range);
  // Where a step ends and the next begins, both cut the same quarter hour.
  if (cuts.empty() || !(whole == last_cut_)) {
    last_cut_ = whole;
    last_quarter_ = cut.add();
    for (StepPieces *const pieces : {&levels[static_cast<int>(Level::kQuarter)], &days, &buckets})
      pieces->add({whole, 1, last_quarter_});
  }
  cuts.push_back({piece, last_quarter_});
}

std::vector<SourcePlan> plan(const Question &question, CutQuarters &cut) {
  std::vector<SourcePlan> plans;
  Range const period = {question.steps.front().from, question.steps.back().to};
  Time const now = GetCurrentTimestamp();
  for (AnsweringSource &answering : answering_sources(question.services, period)) {
    SourcePlan plan = {};
    plan.answering = std::move(answering);
    plan_steps(question, now, plan, cut);
    for (const StepPiece &piece : plan.raw.all()) require_raw_usage(plan.answering.source, piece.range);
    for (const CutPiece &each : plan.cuts) require_raw_usage(plan.answering.source, each.piece.range);
    plans.push_back(std::move(plan));
  }
  return plans;
}

bool still_hold(const std::vector<SourcePlan> &plans) {
  MarksBySource const now = unbuilt_marks_by_source();
  return std::all_of(plans.begin(), plans.end(), [&](const SourcePlan &plan) { return still_holds(plan.answering, now); });
}

}  // namespace reseller_report
