#include "tables/scan.hpp"

namespace reseller_report {

ScanWork::ScanWork(const ForeignScanState *node) : snapshot_(node->ss.ps.state->es_snapshot) {
  pg([&] {
    context_ = AllocSetContextCreate(CurrentMemoryContext, "reseller_report scan", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(context_);
  });
}

ScanWork::~ScanWork() {
  MemoryContextSwitchTo(before_);
  // An error that is on its way may lie here.
  if (std::uncaught_exceptions() == 0) MemoryContextDelete(context_);
}

TableScan::TableScan(const ScanOrder &order) : node_(order.node), shape_(*order.shape), early_{}, used_(order.used) {
  pg([&] {
    probe_.open(order.node, *order.shape);
    early_ = early_states(order.node, order.expressions, order.relid, *order.shape);
    bound_states_.open(order.node, static_cast<List *>(list_nth(order.expressions, kEarlySubjects)), order.bounded);
  });
}

bool TableScan::begin() {
  if (is_begun_) return false;
  is_begun_ = true;
  rewind();
  resellers_.clear();
  bounds_ = bound_states_.evaluate(probe_);
  if (bounds_.is_empty) return true;
  std::vector<ReadableReseller> one;
  if (bounds_.has_reseller) {
    ScanWork const work(node_);
    one = readable_resellers(&bounds_.reseller);
  } else if (!all_resellers_) {
    ScanWork const work(node_);
    all_resellers_ = readable_resellers(nullptr);
  }
  for (const ReadableReseller &each : bounds_.has_reseller ? one : *all_resellers_) {
    probe_.set(Column::kReseller, Int64GetDatum(each.id));
    if (probe_.holds(early_[Subject::kReseller])) resellers_.push_back(each);
  }
  return true;
}

bool TableScan::next_reseller() {
  if (next_ == resellers_.size()) return false;
  next_++;
  companies_ = nullptr;
  probe_.set(Column::kReseller, Int64GetDatum(reseller().id));
  return true;
}

const Dependents &TableScan::companies() {
  if (companies_ != nullptr) return *companies_;
  const Dependents &all = all_companies();
  if (has_company_clauses())
    choose_companies(all);
  else
    companies_ = &all;
  return *companies_;
}

const Dependents &TableScan::all_companies() {
  if (known_reseller_ == reseller().id) return known_companies_;
  ScanWork const work(node_);
  if (bounds_.has_company) {
    chosen_companies_ = dependents_of(reseller().id, kAllTime, bounds_.company);
    return chosen_companies_;
  }
  known_reseller_.reset();
  known_companies_ = dependents_of(reseller().id, kAllTime);
  known_reseller_ = reseller().id;
  return known_companies_;
}

void TableScan::choose_companies(const Dependents &all) {
  Dependents chosen;
  for (std::size_t i = 0; i < all.ids.size(); i++) {
    if (bounds_.has_company && all.ids[i] != bounds_.company) continue;
    Datum const name = all.name(static_cast<int>(i));
    probe_.set(Column::kCompany, Int64GetDatum(all.ids[i]));
    probe_.set(Column::kCompanyName, name);
    if (!probe_.holds(early_[Subject::kCompany])) continue;
    for (std::size_t at = all.first_during[i]; at < all.first_during[i + 1]; at++) chosen.append(all.ids[i], all.during[at]);
    chosen.set_name(static_cast<int>(chosen.ids.size()) - 1, reinterpret_cast<const struct varlena *>(DatumGetPointer(name)));
  }
  chosen.index();
  chosen_companies_ = std::move(chosen);
  companies_ = &chosen_companies_;
}

}  // namespace reseller_report
