#include <algorithm>
#include <array>

#include "kafka/rd.h"

namespace loom::kafka::rd {
namespace {

struct Row {
  rd_kafka_resp_err_t code;
  ErrorKind kind;
};

// What is not here: positive codes (the broker's) that librdkafka retries by itself reach us only when time is up.
constexpr std::array table{
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ErrorKind::not_found},
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, ErrorKind::not_found},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ErrorKind::not_found},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, ErrorKind::not_found},
    Row{RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, ErrorKind::not_found},
    Row{RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, ErrorKind::not_found},
    Row{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ErrorKind::too_large},
    Row{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ErrorKind::too_large},
    Row{RD_KAFKA_RESP_ERR__QUEUE_FULL, ErrorKind::full},
    Row{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ErrorKind::timeout},
    Row{RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, ErrorKind::timeout},
    Row{RD_KAFKA_RESP_ERR__TIMED_OUT, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__TRANSPORT, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__RESOLVE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__WAIT_COORD, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__WAIT_CACHE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__IN_PROGRESS, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__STATE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__DESTROY, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__PURGE_QUEUE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__FATAL, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR__NO_OFFSET, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_NOT_COORDINATOR, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_NOT_CONTROLLER, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_STALE_MEMBER_EPOCH, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_FENCED_MEMBER_EPOCH, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, ErrorKind::unavailable},
    Row{RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, ErrorKind::conflict},
    Row{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, ErrorKind::invalid_value},
    Row{RD_KAFKA_RESP_ERR_INVALID_RECORD, ErrorKind::invalid_value},
    Row{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_INVALID_CONFIG, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_INVALID_REQUEST, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR__AUTHENTICATION, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR__SSL, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, ErrorKind::configuration},
    Row{RD_KAFKA_RESP_ERR__INVALID_ARG, ErrorKind::configuration},
};

// Configuration that a cluster may mend while we wait is not the operator's at the moment of reading.
constexpr std::array operator_codes{
    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
    RD_KAFKA_RESP_ERR__AUTHENTICATION,
    RD_KAFKA_RESP_ERR_INVALID_GROUP_ID,
    RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
    RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED,
};

std::string remedy_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "create it, for example with `loom topics apply`, or correct the name";
    case ErrorKind::too_large:
      return "raise the topic's max.message.bytes or send less";
    case ErrorKind::full:
      return "try again later or raise kafka.producer_budget";
    case ErrorKind::timeout:
      return "try again; the outcome is unknown";
    case ErrorKind::unavailable:
      return "check that the brokers of kafka.bootstrap run and can be reached";
    case ErrorKind::configuration:
      return "check the kafka section's properties and the cluster's permissions";
    default:
      return {};
  }
}

}  // namespace

ErrorKind kind_of(rd_kafka_resp_err_t code) {
  const auto* row = std::ranges::find(table, code, &Row::code);
  return row == table.end() ? ErrorKind::internal : row->kind;
}

bool needs_operator(rd_kafka_resp_err_t code) {
  return std::ranges::find(operator_codes, code) != operator_codes.end();
}

Error error_of(rd_kafka_resp_err_t code, std::string_view what) {
  Error error;
  error.kind = kind_of(code);
  error.message = std::string(what) + ": " + rd_kafka_err2str(code);
  error.code = rd_kafka_err2name(code);
  error.remedy = remedy_of(error.kind);
  return error;
}

}  // namespace loom::kafka::rd
