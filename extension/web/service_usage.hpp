// All figures of a service over a period, for each company and item.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/item.hpp"
#include "core/period.hpp"
#include "report/collect.hpp"
#include "report/dependents.hpp"
#include "report/totals.hpp"

namespace reseller_report {

class ServiceUsage {
 public:
  /// `dependents` must outlive it.
  ServiceUsage(std::int64_t reseller, const Range &period, Service service, const Dependents &dependents)
      : service_(service),
        wanted_(static_cast<size_t>(items_of(service).count), kAllFigures),
        totals_(dependents, items_of(service), wanted_.data()) {
    std::vector<Range> const whole = {period};
    collect_figures({reseller, {service}, whole, dependents}, totals_);
  }
  ServiceUsage(const ServiceUsage &) = delete;
  ServiceUsage &operator=(const ServiceUsage &) = delete;

  Service service() const { return service_; }
  ItemList items() const { return items_of(service_); }

  WideCounters of_item(int item, int company) const {
    WideCounters usage;
    for (int i = 0; i < kFigures; i++) usage.figure[i] = totals_.get(item, static_cast<Figure>(i), company);
    return usage;
  }

  WideCounters of_company(int company) const {
    WideCounters usage;
    for (int item = 0; item < items().count; item++)
      for (int i = 0; i < kFigures; i++) usage.figure[i] += totals_.get(item, static_cast<Figure>(i), company);
    return usage;
  }

 private:
  Service service_;
  std::vector<FigureSet> wanted_;
  Totals totals_;
};

/// The rows of usage(), in its order: `each(company, item, figures)` gets a position among the dependents, and figures of which one
/// at least is not zero.
template <typename F>
void each_usage(std::int64_t reseller, const Range &period, const std::vector<Service> &services, const Dependents &dependents,
                F &&each) {
  std::vector<std::unique_ptr<ServiceUsage>> usages;
  usages.reserve(services.size());
  for (Service const service : services) usages.push_back(std::make_unique<ServiceUsage>(reseller, period, service, dependents));
  for (int company = 0; company < static_cast<int>(dependents.ids.size()); company++)
    for (const auto &usage : usages)
      for (int item = 0; item < usage->items().count; item++) {
        WideCounters const figures = usage->of_item(item, company);
        if (!figures.is_zero()) each(company, usage->items().items[item], figures);
      }
}

/// Whose figure an error is about.
inline std::string item_of_company(Item item, std::int64_t company) {
  return std::string("of item ") + item_name(item) + " of company " + std::to_string(company);
}

}  // namespace reseller_report
