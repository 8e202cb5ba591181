{{- define "sd.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* Labels that never change; takes {root, part}. */}}
{{- define "sd.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "sd.labels" -}}
{{ include "sd.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "sd.image" -}}
{{- $image := .root.Values.image }}
{{- $target := ternary "console" "worker" (eq .part "console") }}
{{- $tag := get $image (printf "%sTag" $target) | default (printf "%s-%s" $target .root.Chart.AppVersion) -}}
image: {{ printf "%s:%s" $image.repository $tag | quote }}
imagePullPolicy: {{ $image.pullPolicy }}
{{- end }}

{{- define "sd.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "sd.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* Only the worker tells others of alerts, and only it needs to know how. */}}
{{- define "sd.isFor" -}}
{{- if or (eq .part "worker") (not (regexMatch "^DETECTOR_(ALERTMANAGER|WEBHOOK)_" .name)) }}yes{{ end }}
{{- end }}

{{- define "sd.env" -}}
{{- $context := . }}
{{- range $name, $value := .root.Values.settings }}
{{- if include "sd.isFor" (dict "part" $context.part "name" $name) }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}
{{- range $name, $_ := .root.Values.files }}
{{- if include "sd.isFor" (dict "part" $context.part "name" $name) }}
- {name: {{ $name }}, value: /etc/stream-detector/{{ $name }}}
{{- end }}
{{- end }}
{{- if ne .part "topics" }}
- {name: DETECTOR_BUNDLE, value: {{ printf "/models/%s" .root.Values.models.first | quote }}}
- {name: DETECTOR_BUNDLES, value: {{ .root.Values.models.url | default "/models" | quote }}}
{{- end }}
{{- if eq .part "worker" }}
- {name: DETECTOR_HEALTH_HOST, value: 0.0.0.0}
- {name: DETECTOR_HEALTH_PORT, value: "8080"}
{{- end }}
{{- include "sd.storeEnv" . }}
{{- end }}

{{- define "sd.storeEnv" -}}
{{- if and .root.Values.models.endpoint (ne .part "topics") }}
- {name: AWS_ENDPOINT_URL, value: {{ .root.Values.models.endpoint | quote }}}
{{- end }}
{{- end }}

{{- define "sd.storeEnvFrom" -}}
{{- with .Values.models.credentialsSecret }}
envFrom:
  - secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}

{{- define "sd.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if ne .part "topics" }}
- {name: models, mountPath: /models, readOnly: true}
{{- end }}
{{- if .root.Values.files }}
- {name: files, mountPath: /etc/stream-detector, readOnly: true}
{{- end }}
{{- end }}

{{- define "sd.volumes" -}}
{{- $context := . }}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- if ne .part "topics" }}
- name: models
  {{- if .root.Values.models.claim }}
  persistentVolumeClaim: {claimName: {{ .root.Values.models.claim | quote }}, readOnly: true}
  {{- else }}
  emptyDir: {sizeLimit: 1Gi}
  {{- end }}
{{- end }}
{{- if .root.Values.files }}
- name: files
  projected:
    defaultMode: 0440
    sources:
      {{- range $name, $from := .root.Values.files }}
      {{- if include "sd.isFor" (dict "part" $context.part "name" $name) }}
      - {{ ternary "secret" "configMap" (hasKey $from "secret") }}:
          name: {{ $from.secret | default $from.configMap | quote }}
          items: [{key: {{ $from.key | quote }}, path: {{ $name }}}]
      {{- end }}
      {{- end }}
{{- end }}
{{- end }}

{{- /* The first model has to be a folder: from a URL it is copied before the program starts. */}}
{{- define "sd.initContainers" -}}
{{- with .root.Values.models }}
{{- if .url }}
initContainers:
  - name: first-model
    {{- include "sd.image" $ | nindent 4 }}
    command: [python, -c]
    args:
      - |
        import sys
        from fsspec.core import url_to_fs
        files, root = url_to_fs(sys.argv[1])
        files.get(root, sys.argv[2], recursive=True)
      - {{ printf "%s/%s" (trimSuffix "/" .url) .first | quote }}
      - {{ printf "/models/%s" .first | quote }}
    {{- with include "sd.storeEnv" $ }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
    {{- include "sd.storeEnvFrom" $.root | nindent 4 }}
    securityContext:
      {{- include "sd.containerSecurity" . | nindent 6 }}
    resources:
      requests: {cpu: 100m, memory: 128Mi}
      limits: {memory: 256Mi}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      - {name: models, mountPath: /models}
{{- end }}
{{- end }}
{{- end }}

{{- /* What all pods have; takes {root, part}. */}}
{{- define "sd.pod" -}}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - {name: {{ . | quote }}}
  {{- end }}
{{- end }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  {{- include "sd.podSecurity" . | nindent 2 }}
volumes:
  {{- include "sd.volumes" . | nindent 2 }}
{{- end }}

{{- define "sd.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
