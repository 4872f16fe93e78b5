#include "server/own_ddl.hpp"

namespace reseller_report {

int OwnDdl::depth_ = 0;

}  // namespace reseller_report
