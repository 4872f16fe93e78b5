#include "report/sheet.hpp"

#include "server/row_writer.hpp"

namespace reseller_report {
namespace {

// The figures that a report shows, one entry for each item: those of its columns, and the two totals for every item.
std::vector<FigureSet> wanted_figures(const ReportShape &shape) {
  std::vector<FigureSet> wanted(static_cast<size_t>(shape.items.count),
                                figure_bit(Figure::kPriceTwin) | figure_bit(Figure::kPriceReseller));
  for (int i = 0; i < shape.column_count; i++) {
    const ReportColumn &column = shape.columns[i];
    for (int item = column.first; item < column.first + column.count; item++)
      wanted[static_cast<size_t>(item)] |= figure_bit(column.figure);
  }
  return wanted;
}

}  // namespace

Sheet::Sheet(const Request &request, Service service, const Dependents &dependents)
    : shape_(report_shape(service)),
      dependents_(dependents),
      wanted_(wanted_figures(shape_)),
      totals_(dependents, shape_.items, wanted_.data()) {
  std::vector<Range> const whole = {request.period};
  collect_figures({request.reseller, service, whole, dependents}, totals_);
}

ReportColumn Sheet::column_of(int column) const {
  if (column < shape_.column_count) return shape_.columns[column];
  ReportColumn total = column == shape_.column_count ? kTotalPriceToTwin : kTotalPriceToReseller;
  total.count = shape_.items.count;
  return total;
}

Sum Sheet::value(int column, int company) const {
  ReportColumn const its = column_of(column);
  Sum sum = 0;
  for (int item = its.first; item < its.first + its.count; item++) sum += totals_.get(item, its.figure, company);
  return sum;
}

std::int64_t Sheet::count(int column, int company) const {
  return checked_count(value(column, company),
                       [&] { return "\"" + std::string(name(column)) + "\" of company " + std::to_string(id(company)); });
}

}  // namespace reseller_report
