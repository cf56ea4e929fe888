// The gRPC C++ peer: GetMe of the same contract over a unix socket, callback API on both sides. The
// answer is made from memory, so that only the RPC itself is compared.
//
//     grpc_peer server unix:/tmp/x.sock
//     grpc_peer client unix:/tmp/x.sock IN-FLIGHT SECONDS     prints: calls seconds p50_us p99_us cpu_us
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <vector>

#include "socializer/v1/user.grpc.pb.h"

using Clock = std::chrono::steady_clock;
namespace soc = socializer::v1;

class Service final : public soc::UserService::CallbackService
{
        grpc::ServerUnaryReactor *GetMe(grpc::CallbackServerContext *context,
                                        const soc::GetMeRequest *, soc::GetMeResponse *response) override
        {
                soc::User *user = response->mutable_user();
                user->set_id(2);
                user->set_username("human");
                user->set_email("human@example.org");
                user->set_is_active(true);
                user->set_role(soc::ROLE_USER);
                user->set_temperature(0.7);
                user->mutable_created_at()->set_seconds(1795428000);
                auto *reactor = context->DefaultReactor();
                reactor->Finish(grpc::Status::OK);
                return reactor;
        }
};

static int serve(const char *address)
{
        Service service;
        grpc::ServerBuilder builder;
        builder.AddListeningPort(address, grpc::InsecureServerCredentials());
        builder.RegisterService(&service);
        builder.BuildAndStart()->Wait();
        return 0;
}

struct Load {
        std::unique_ptr<soc::UserService::Stub> stub;
        Clock::time_point end;
        std::mutex mutex;
        std::condition_variable idle;
        int running = 0;
        std::vector<float> latencies_us;
};

struct Call {
        Load *load;
        std::unique_ptr<grpc::ClientContext> context;
        soc::GetMeRequest request;
        soc::GetMeResponse response;
        Clock::time_point start;

        void go()
        {
                context = std::make_unique<grpc::ClientContext>();
                context->AddMetadata("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl");
                response.Clear();
                start = Clock::now();
                load->stub->async()->GetMe(context.get(), &request, &response,
                                           [this](grpc::Status status) { done(status); });
        }

        void done(const grpc::Status &status)
        {
                auto now = Clock::now();
                bool more = status.ok() && now < load->end;
                {
                        std::lock_guard<std::mutex> lock(load->mutex);
                        load->latencies_us.push_back(
                                std::chrono::duration<float, std::micro>(now - start).count());
                        if (!more && --load->running == 0)
                                load->idle.notify_one();
                }
                if (more)
                        go();
        }
};

static double cpu_us()
{
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static int drive(const char *address, int in_flight, double seconds)
{
        Load load;
        load.stub = soc::UserService::NewStub(
                grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
        load.latencies_us.reserve(4000000);
        load.running = in_flight;
        std::vector<Call> calls(in_flight);
        auto start = Clock::now();
        double cpu = cpu_us();
        load.end = start + std::chrono::microseconds((long)(seconds * 1e6));
        for (auto &call : calls) {
                call.load = &load;
                call.go();
        }
        std::unique_lock<std::mutex> lock(load.mutex);
        load.idle.wait(lock, [&] { return load.running == 0; });
        double took = std::chrono::duration<double>(Clock::now() - start).count();
        cpu = cpu_us() - cpu;
        auto &l = load.latencies_us;
        std::sort(l.begin(), l.end());
        printf("%zu %.3f %.1f %.1f %.0f\n", l.size(), took, l[l.size() / 2], l[l.size() * 99 / 100], cpu);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc == 3 && !strcmp(argv[1], "server"))
                return serve(argv[2]);
        if (argc == 5 && !strcmp(argv[1], "client"))
                return drive(argv[2], atoi(argv[3]), atof(argv[4]));
        fprintf(stderr, "usage: grpc_peer server ADDRESS | client ADDRESS IN-FLIGHT SECONDS\n");
        return 2;
}
