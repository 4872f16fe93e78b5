#include "core/packing.hpp"

namespace reseller_report {
namespace {

void put(std::string &bytes, std::uint64_t value) {
  for (; value >= 0x80U; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80U));
  bytes.push_back(static_cast<char>(value));
}

void put_signed(std::string &bytes, std::int64_t value) {
  std::uint64_t const twice = static_cast<std::uint64_t>(value) << 1;
  put(bytes, value < 0 ? ~twice : twice);
}

}  // namespace

void Packer::add(Item item, Time bucket, std::int64_t company, const Counters &counters) {
  if (count_ == 0 || item != item_ || bucket != bucket_) {
    end_group();
    item_ = item;
    bucket_ = bucket;
    company_ = 0;
  }
  put_signed(group_, static_cast<std::int64_t>(static_cast<std::uint64_t>(company) - static_cast<std::uint64_t>(company_)));
  company_ = company;
  unsigned figures = 0;
  for (int i = 0; i < kFigures; i++)
    if (counters.figure[i] != 0) figures |= 1U << i;
  group_.push_back(static_cast<char>(figures));
  for (std::int64_t const figure : counters.figure)
    if (figure != 0) put_signed(group_, figure);
  count_++;
}

void Packer::end_group() {
  if (group_.empty()) return;
  put(done_, static_cast<std::uint64_t>(item_));
  put_signed(done_, (bucket_ - base_) / kQuarterHour);
  put(done_, group_.size());
  done_ += group_;
  group_.clear();
}

std::string Packer::finish() {
  end_group();
  count_ = 0;
  std::string bytes;
  bytes.swap(done_);
  return bytes;
}

void Unpacker::fail() {
  throw Error(sqlstate::kInternal, "packed changes of usage are malformed",
              "CALL reseller_report.rebuild for each source that SELECT * FROM reseller_report.sources() shows.");
}

}  // namespace reseller_report
