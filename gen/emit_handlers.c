#include "gen/emit.h"

#include <string.h>

void emit_ids(struct buffer *out, const struct model *m)
{
        emit_banner(out, m);
        buffer_append_str(out, "#ifndef CONTRACT_GEN_H\n"
                               "#define CONTRACT_GEN_H\n"
                               "\n"
                               "/* Indices of contract_methods. */\n"
                               "enum method_id {\n");
        for (size_t i = 0; i < m->n_methods; i++)
                buffer_printf(out, "        %s,\n", m->methods[i].id);
        buffer_append_str(out, "        METHOD_COUNT\n"
                               "};\n"
                               "\n"
                               "#endif\n");
}

void emit_handlers_h(struct buffer *out, const struct model *m)
{
        emit_banner(out, m);
        buffer_append_str(out, "#ifndef HANDLERS_GEN_H\n"
                               "#define HANDLERS_GEN_H\n"
                               "\n"
                               "#include \"contract.gen.h\"\n"
                               "#include \"service/rpc/call.h\"\n"
                               "\n");
        for (size_t i = 0; i < m->request->n_file_to_generate; i++) {
                const char *name = m->request->file_to_generate[i];

                buffer_printf(out, "#include \"%.*s.pb-c.h\"\n",
                              (int)(strlen(name) - strlen(".proto")), name);
        }
        for (size_t i = 0; i < m->n_methods; i++) {
                const struct model_method *method = &m->methods[i];

                buffer_printf(out,
                              "\n"
                              "enum status %s(struct call *call,\n"
                              "        const %s *req,\n"
                              "        %s *rsp,\n"
                              "        struct error *reterr);\n",
                              method->handler, method->input->c_type, method->output->c_type);
        }
        buffer_append_str(out, "\n"
                               "/* By enum method_id. */\n"
                               "extern const call_handler service_handlers[METHOD_COUNT];\n"
                               "\n"
                               "#endif\n");
}

void emit_handlers_c(struct buffer *out, const struct model *m)
{
        emit_banner(out, m);
        buffer_append_str(out, "#include \"handlers.gen.h\"\n"
                               "\n"
                               "/* A function is only ever called through a pointer of its own "
                               "type. */\n");
        for (size_t i = 0; i < m->n_methods; i++) {
                const struct model_method *method = &m->methods[i];

                buffer_printf(out,
                              "static enum status call_%s(struct call *call, const void *req,\n"
                              "        void *rsp, struct error *reterr)\n"
                              "{\n"
                              "        return %s(call, req, rsp, reterr);\n"
                              "}\n"
                              "\n",
                              method->handler, method->handler);
        }
        buffer_append_str(out, "const call_handler service_handlers[METHOD_COUNT] = {\n");
        for (size_t i = 0; i < m->n_methods; i++)
                buffer_printf(out, "        [%s] = call_%s,\n", m->methods[i].id,
                              m->methods[i].handler);
        buffer_append_str(out, "};\n");
}
